import { describe, expect, it } from "vitest";

import type { PredictionRow } from "../api/types";
import { furthestFirst, numberNames, pairsOf } from "./numbers";

const row = (key: string, values: Record<string, number>, label_values: Record<string, number>): PredictionRow => ({
  key,
  digest: "",
  split: "test",
  label: null,
  predicted: null,
  probability: null,
  label_probability: null,
  loss: null,
  probabilities: {},
  values,
  label_values,
});
const rows = [
  row("a", { age: 3, size: 1 }, { age: 4, size: 1 }),
  row("b", { age: 9, size: 2 }, { age: 4, size: NaN }),
  row("c", { age: 5, size: 2 }, { age: 4 }),
];

describe("numbers", () => {
  it("come in the order of the data, and none is forgotten", () => {
    expect(numberNames(rows, ["size", "age"])).toEqual(["size", "age"]);
    expect(numberNames(rows, ["size"])).toEqual(["size", "age"]);
    expect(numberNames(rows, ["gone", "age"])).toEqual(["age", "size"]);
    expect(numberNames([], ["age"])).toEqual(["age"]);
  });
  it("are pairs of true and predicted, and the rows stay beside their points", () => {
    const all = pairsOf(rows, "age");
    expect([...all.x]).toEqual([4, 4, 4]);
    expect([...all.y]).toEqual([3, 9, 5]);
    const some = pairsOf(rows, "size");
    expect(some.kept.map((one) => one.key)).toEqual(["a"]);
    expect(some.x.length).toBe(1);
    expect(pairsOf(rows, "").x.length).toBe(0);
  });
  it("are listed by how far off they are, equals by key", () => {
    expect(furthestFirst(rows, "age").map((one) => one.key)).toEqual(["b", "a", "c"]);
    expect(furthestFirst([...rows].reverse(), "age").map((one) => one.key)).toEqual(["b", "a", "c"]);
  });
});
