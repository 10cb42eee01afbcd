import { describe, expect, it } from "vitest";

import type { AveragedRun, MixCurve } from "../api/types";
import { averagedWords, choiceWords, placeWords, rangeOf, roleOf, statisticsWords } from "./mix";

const point = (t: number, value: number) => ({
  t,
  watched: value,
  validation: { value, low: value - 0.03, high: value + 0.03 },
  test: { value: value - 0.02, low: value - 0.06, high: value + 0.01 },
});

const curve: MixCurve = {
  format: 1,
  run: "a",
  start: "after_probe",
  score: "accuracy",
  chosen_by: "accuracy",
  points: [point(0, 0.7), point(0.5, 0.86), point(1, 0.82)],
  chosen_t: 0.5,
  reestimated_layers: 0,
  seconds: 1,
  notes: [],
};

describe("mix", () => {
  it("draws shares between whole tenths and never outside of 0 and 1", () => {
    expect(rangeOf(curve)).toEqual([0.6, 0.9]);
    expect(rangeOf({ ...curve, points: [point(0, 0.99)] })).toEqual([0.9, 1]);
    expect(rangeOf({ ...curve, points: [] })).toEqual([0, 1]);
  });
  it("says what validation chose and what the test images say", () => {
    expect(choiceWords(curve)).toBe("Validation chooses t = 0.5. On the test images, which chose nothing, it is 4 points above the run.");
    expect(choiceWords({ ...curve, chosen_t: 1 })).toBe("Validation chooses the run as it is.");
    expect(choiceWords({ ...curve, chosen_t: 0 })).toContain("12 points below the run");
    expect(choiceWords({ ...curve, chosen_t: null })).toContain("no validation images");
  });
  it("names the ends and the choice", () => {
    expect(curve.points.map(({ t }) => roleOf(curve, t))).toEqual(["the start", "best on validation", "the run"]);
    expect(roleOf({ ...curve, chosen_t: 1 }, 1)).toBe("the run, best on validation");
    expect(placeWords(0.30000000000000004)).toBe("0.3");
  });
  it("tells where the weights of a run come from", () => {
    const parent = { run: "a", name: "a", state: "end" as const, share: 0.5, weights_digest: "d" };
    const mixed: AveragedRun = { method: "mix", parents: [parent, parent], t: 0.5, start: "after_probe", chosen_by: "balanced_accuracy", steps: [], batch_norm: "reestimated", reestimated_layers: 4 };
    expect(averagedWords(mixed)).toContain("validation balanced accuracy chose the place");
    expect(statisticsWords(mixed)).toContain("4 batch-norm layers");
    expect(averagedWords({ ...mixed, method: "greedy" })).toContain("2 in number");
    expect(averagedWords({ ...mixed, method: "greedy", parents: [parent] })).toContain("the best run alone");
    expect(statisticsWords({ ...mixed, batch_norm: "same" })).toContain("the same");
  });
});
