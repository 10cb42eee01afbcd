import { describe, expect, it } from "vitest";

import type { Search, SearchDimension, SearchRound } from "../api/types";
import { slicesOf } from "./slices";

const dimension = (facts: Partial<SearchDimension>): SearchDimension => ({
  name: "x", place: "recipe", kind: "number", low: 0, high: 10, is_log: false, is_factor: false, values: [], only_unfrozen: false, own: 1, reason: "", ...facts,
});
const round = (number: number, params: SearchRound["params"], score: number | null): SearchRound => ({
  number, status: "finished", origin: "suggested", settings: {}, params, score: score === null ? null : { value: score, low: score, high: score },
  trained_share: 1, trainable_parameters: 1, seconds: 1, base_images: 0, cache_hits: 0, message: null,
});
const search = (rounds: SearchRound[], facts: Partial<Search> = {}): Search =>
  ({ dimensions: [dimension({}), dimension({ name: "augment", kind: "choice", values: ["none", "light"] })], rounds, front: [], best: null, ...facts }) as unknown as Search;

describe("slices", () => {
  it("lays the worst score at the bottom, the best at the top, and values along their range", () => {
    const [x, augment] = slicesOf(search([round(0, { x: 0, augment: "light" }, 0.5), round(1, { x: 5, augment: "none" }, 0.9), round(2, { x: 10 }, 0.7)]));
    expect(x?.points.map(({ along, up }) => [along, up])).toEqual([[0, 0], [0.5, 1], [1, expect.closeTo(0.5)]]);
    expect(augment?.points.map(({ along }) => along)).toEqual([1, 0]);
  });
  it("leaves out rounds without a score and settings that none has", () => {
    expect(slicesOf(search([round(0, { x: 1 }, null)]))).toEqual([]);
    expect(slicesOf(search([round(0, { x: 1 }, 0.5)])).map(({ dimension: { name } }) => name)).toEqual(["x"]);
  });
  it("draws the one to take over the front over the rest", () => {
    const three = [round(0, { x: 1 }, 0.5), round(1, { x: 1 }, 0.6), round(2, { x: 1 }, 0.7)];
    expect(slicesOf(search(three, { best: 0, front: [1] }))[0]?.points.map((point) => point.round.number)).toEqual([2, 1, 0]);
  });
});
