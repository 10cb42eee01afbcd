import { describe, expect, it } from "vitest";

import type { Search, SearchDimension, SearchRound } from "../api/types";
import { endsOf, markOf, settingWords, shareOn } from "./tuning";

const dimension = (facts: Partial<SearchDimension>): SearchDimension => ({
  name: "x", place: "recipe", kind: "number", low: null, high: null, is_log: false, is_factor: false, values: [], only_unfrozen: false, own: 1, reason: "", ...facts,
});
const round = (number: number, params: SearchRound["params"], facts: Partial<SearchRound> = {}): SearchRound => ({
  number, status: "finished", origin: "suggested", settings: {}, params, score: null, trained_share: 1, trainable_parameters: 1, seconds: 1, base_images: 0, cache_hits: 0, message: null, ...facts,
});

describe("places on axes", () => {
  it("puts the geometric middle in the middle of a logarithmic axis", () => {
    const axis = dimension({ low: 0.1, high: 10, is_log: true });
    expect(shareOn(axis, round(0, { x: 1 }))).toBeCloseTo(0.5);
    expect(shareOn(dimension({ low: 0, high: 10 }), round(0, { x: 1 }))).toBeCloseTo(0.1);
  });
  it("counts choices and leaves out what a round does not have", () => {
    const axis = dimension({ kind: "choice", values: ["none", "light", "strong"] });
    expect(shareOn(axis, round(0, { x: "light" }))).toBe(0.5);
    expect(shareOn(axis, round(0, {}))).toBeNull();
    expect(endsOf(axis)).toEqual(["none", "strong"]);
    expect(endsOf(dimension({ low: 0.1, high: 10, is_factor: true }))).toEqual(["× 0.1", "× 10"]);
  });
});

describe("marks of rounds", () => {
  const search = { best: 1, front: [0, 1] } as unknown as Search;
  it("tells the one to take from the front and the rest", () => {
    expect([0, 1, 2].map((n) => markOf(search, round(n, {})))).toEqual(["front", "take", "plain"]);
    expect(markOf(search, round(3, {}, { status: "pruned" }))).toBe("pruned");
  });
  it("says off where there is nothing", () => {
    expect(settingWords(null)).toBe("off");
    expect(settingWords("head_only")).toBe("head only");
  });
});
