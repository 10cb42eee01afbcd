import { describe, expect, it } from "vitest";

import { MOST_TINT, cellQuestion, confusedPairs, moved, normalized, tint } from "./confusion";

const counts = [
  [8, 2, 0],
  [0, 0, 0],
  [1, 3, 6],
];

describe("confusion", () => {
  it("normalizes each row to one, and leaves empty rows at zero", () => {
    const shares = normalized(counts);
    expect(shares[0]).toEqual([0.8, 0.2, 0]);
    expect(shares[1]).toEqual([0, 0, 0]);
    expect(shares[2]?.reduce((a, b) => a + b)).toBeCloseTo(1);
  });

  it("tints by share and never so much that the number is hard to read", () => {
    expect(tint(0)).toBe(0);
    expect(tint(1)).toBe(MOST_TINT);
    expect(tint(0.0001)).toBeGreaterThan(0);
    expect(tint(0.2)).toBeLessThan(tint(0.6));
  });

  it("asks for the images of a cell", () => {
    expect(cellQuestion(["a", "b"], { row: 0, column: 1 }, "test")).toEqual({
      split: "test",
      label: "a",
      predicted: "b",
      only: "all",
      sort: "loss",
      descending: true,
    });
  });

  it("lists confused pairs, the commonest first, without the diagonal", () => {
    expect(confusedPairs(counts)).toEqual([
      { row: 2, column: 1, count: 3 },
      { row: 0, column: 1, count: 2 },
      { row: 2, column: 0, count: 1 },
    ]);
  });

  it("moves by arrow keys and stops at the edge", () => {
    expect(moved({ row: 0, column: 0 }, "ArrowDown", 3)).toEqual({ row: 1, column: 0 });
    expect(moved({ row: 0, column: 0 }, "ArrowLeft", 3)).toBeNull();
    expect(moved({ row: 1, column: 0 }, "End", 3)).toEqual({ row: 1, column: 2 });
    expect(moved({ row: 1, column: 1 }, "x", 3)).toBeNull();
  });
});
