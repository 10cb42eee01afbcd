import { describe, expect, it } from "vitest";

import type { AnyScores } from "./runlog";
import { axisOf, differenceWords, intervalWords, partTable, scoreRows, sortedParts } from "./scores";

const at = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });
const scores = {
  kind: "category",
  num_images: 10,
  accuracy: at(0.9),
  balanced_accuracy: at(0.8),
  macro_f1: at(0.7),
  log_loss: at(1.5),
  classes: [
    { name: "cat", num_images: 4, precision: at(0.5), recall: at(0.2), f1: 0.3 },
    { name: "dog", num_images: 6, precision: null, recall: at(0.6), f1: null },
  ],
  confusion: [],
  majority_accuracy: 0.6,
} as AnyScores;

describe("scores", () => {
  it("puts the main score first, beside what needs no learning", () => {
    expect(scoreRows(scores)[0]).toMatchObject({ name: "accuracy", baseline: 0.6 });
    expect(scoreRows(scores)).toHaveLength(4);
  });

  it("writes shares in percent and losses as numbers", () => {
    expect(intervalWords("accuracy", at(0.5))).toBe("50 % (40 to 60 %)");
    expect(intervalWords("log_loss", at(1.5))).toBe("1.5 (1.4 to 1.6)");
    expect(axisOf("accuracy", [at(0.5)])).toEqual([0, 1]);
    expect(axisOf("log_loss", [at(1.5)])[1]).toBeGreaterThan(1.6);
  });

  it("sorts classes by any column; missing values last", () => {
    const rows = partTable(scores)?.rows ?? [];
    const names = (by: string, isDown: boolean) => sortedParts(rows, by, isDown).map((row) => row.name);
    expect(names("recall", true)).toEqual(["dog", "cat"]);
    expect(names("precision", true)).toEqual(["cat", "dog"]);
    expect(names("precision", false)).toEqual(["cat", "dog"]);
    expect(names("count", true)).toEqual(["dog", "cat"]);
  });

  it("has no parts for anomalies", () => {
    expect(partTable({ kind: "anomaly", auroc: at(0.5), average_precision: at(0.5), odd_share: 0.1 } as AnyScores)).toBeNull();
  });
});

describe("differenceWords", () => {
  it("counts shares in points, with their signs", () => {
    expect(differenceWords("accuracy", { value: -0.159, low: -0.335, high: 0.027 })).toBe("−15.9 points (−33.5 to +2.7)");
    expect(differenceWords("accuracy", { value: 0, low: 0, high: 0 })).toBe("0 points (0 to 0)");
  });
  it("leaves other scores in their own units", () => {
    expect(differenceWords("mae", { value: 1.5, low: -0.5, high: 3.5 })).toBe("+1.5 (−0.5 to +3.5)");
  });
});
