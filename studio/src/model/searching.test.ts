import { describe, expect, it } from "vitest";

import type { SearchDimension } from "../api/types";
import { USUAL, askedOf, faultOfWish, faultOfWishes, usualWords, wishesInWords } from "./searching";

const dimension = (facts: Partial<SearchDimension>): SearchDimension => ({
  name: "x", place: "recipe", kind: "number", low: 0, high: 1, is_log: false, is_factor: false, values: [], only_unfrozen: false, own: 1, reason: "", ...facts,
});
const RATE = dimension({ name: "learning_rate", low: 0.1, high: 10, is_log: true, is_factor: true });
const EPOCHS = dimension({ name: "epochs", kind: "count", low: 5, high: 40, own: 20 });
const AUGMENT = dimension({ name: "augment", kind: "choice", values: ["none", "light", "strong"], own: "none" });
const ALL = [RATE, EPOCHS, AUGMENT];

describe("what is asked of the server", () => {
  it("names nothing as long as nothing is left out or narrowed", () => {
    expect(askedOf(ALL, {})).toEqual({ over: [], fixed: {} });
    expect(askedOf(ALL, { epochs: { ...USUAL, way: "fix", fixed: "10" } })).toEqual({ over: [], fixed: { epochs: 10 } });
  });
  it("names all that is searched once one is left or has a range of its own", () => {
    const left = askedOf(ALL, { augment: { ...USUAL, way: "leave" } });
    expect(left.over.map(({ name }) => name)).toEqual(["learning_rate", "epochs"]);
    const narrowed = askedOf(ALL, { learning_rate: { ...USUAL, low: "1e-5", high: "1e-3" }, augment: { ...USUAL, values: ["none", "light"] } });
    expect(narrowed.over).toEqual([
      { name: "learning_rate", low: 1e-5, high: 1e-3, values: [] },
      { name: "epochs", low: null, high: null, values: [] },
      { name: "augment", low: null, high: null, values: ["none", "light"] },
    ]);
  });
  it("sends a fixed choice as its word", () => {
    expect(askedOf(ALL, { augment: { ...USUAL, way: "fix", fixed: "strong" } }).fixed).toEqual({ augment: "strong" });
  });
});

describe("what is wrong", () => {
  it("wants both ends of a range, the smaller one first", () => {
    expect(faultOfWish(RATE, { ...USUAL, low: "1e-4" })).toMatch(/Both ends/);
    expect(faultOfWish(RATE, { ...USUAL, low: "a", high: "1" })).toMatch(/numbers/);
    expect(faultOfWish(RATE, { ...USUAL, low: "2", high: "1" })).toMatch(/smaller/);
    expect(faultOfWish(RATE, { ...USUAL, low: "1e-5", high: "1e-3" })).toBeNull();
  });
  it("wants a value that fits where it is fixed", () => {
    expect(faultOfWish(EPOCHS, { ...USUAL, way: "fix", fixed: "2.5" })).toMatch(/whole/);
    expect(faultOfWish(EPOCHS, { ...USUAL, way: "fix", fixed: " " })).toMatch(/number/);
    expect(faultOfWish(AUGMENT, { ...USUAL, way: "fix" })).toMatch(/Choose/);
    expect(faultOfWish(AUGMENT, { ...USUAL, values: ["light"] })).toMatch(/fix it/);
  });
  it("names the setting, and says when nothing is left", () => {
    expect(faultOfWishes(ALL, { learning_rate: { ...USUAL, low: "2", high: "1" } })).toMatch(/^learning rate: /);
    const left = Object.fromEntries(ALL.map(({ name }) => [name, { ...USUAL, way: "leave" as const }]));
    expect(faultOfWishes(ALL, left)).toMatch(/Nothing is left/);
    expect(faultOfWishes([], {})).toBeNull();
  });
});

describe("words", () => {
  it("counts what is searched, fixed and left", () => {
    expect(wishesInWords(ALL, {})).toBe("all 3 that do something in this flow");
    expect(wishesInWords(ALL, { epochs: { ...USUAL, way: "fix", fixed: "3" }, augment: { ...USUAL, way: "leave" } })).toBe("1 searched, 1 fixed, 1 as they are");
  });
  it("tells factors from values", () => {
    expect(usualWords(RATE)).toEqual({ range: "× 0.1 to × 10", own: "as usual" });
    expect(usualWords({ ...RATE, own: 2 }).own).toBe("× 2");
    expect(usualWords(EPOCHS).range).toBe("5 to 40");
    expect(usualWords(dimension({ low: 1e-5, high: 0.3 })).range).toBe("1e-5 to 0.3");
  });
});
