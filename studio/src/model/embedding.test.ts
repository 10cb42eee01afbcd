import { describe, expect, it } from "vitest";

import type { EmbeddingMap } from "../api/types";
import { type Coloring, axesOf, colorings, isOwn, legendOf, placesByKey, rowAt, shownPoints, sideOf, windowOfSides } from "./embedding";
import { inkCss, inkRgb, plainInk } from "./ink";

const side = (weights: "pretrained" | "trained", x: number[], y: number[]) => ({
  weights,
  x,
  y,
  explained: [0.5, 0.25] as [number, number],
  trustworthiness: null,
  same_class: null,
  same_class_on_map: null,
});
const map: EmbeddingMap = {
  format: 1,
  run: "r",
  flow: "f",
  method: "pca",
  place: "base",
  num_features: 8,
  seed: 0,
  num_images: 5,
  num_shown: 5,
  domains: [
    { name: "own", source: "/own", num_images: 4 },
    { name: "other", source: "/other", num_images: 1 },
  ],
  splits: ["train", "validation", "test"],
  labels: ["cat", "dog"],
  points: {
    keys: ["a", "b", "c", "d", "a"],
    digests: ["1", "2", "3", "4", "5"],
    domain: [0, 0, 0, 0, 1],
    split: [0, 0, 1, 2, -1],
    label: [0, 1, 0, 1, -1],
    predicted: [-1, -1, 0, 0, -1],
    confidence: [null, null, 1, 0.55, null],
    is_wrong: [null, null, false, true, null],
  },
  sides: [side("pretrained", [0, 1, 2, 3, 4], [0, 0, 0, 0, 9]), side("trained", [-5, 1, 2, 3, 4], [0, 0, 0, 0, 1])],
  is_unmoved: false,
  disparity: 0.1,
  num_measured: 5,
  num_neighbors: 2,
  same_class_by_chance: null,
  notes: [],
};

describe("the legend", () => {
  it.each<[Coloring, [string, number][]]>([
    ["label", [["cat", 2], ["dog", 2], ["No label", 1]]],
    ["predicted", [["cat", 2], ["dog", 0], ["Not predicted", 3]]],
    ["error", [["Right", 1], ["Wrong", 1], ["Not predicted", 3]]],
    ["split", [["Training", 2], ["Validation", 1], ["Test", 1], ["No split", 1]]],
    ["domain", [["own", 4], ["other", 1]]],
  ])("counts by %s", (by, counts) => {
    const { entries, codes } = legendOf(map, by);
    expect(entries.map(({ name, count }) => [name, count])).toEqual(counts);
    entries.forEach((entry, at) => expect(codes.filter((code) => code === at).length).toBe(entry.count));
  });
  it("puts confidences into five bins, and full certainty into the last", () => {
    const { entries, codes } = legendOf(map, "confidence");
    expect(entries).toHaveLength(6);
    expect([...codes]).toEqual([5, 5, 4, 2, 5]);
    expect(entries[2]?.name).toMatch(/40.*60/);
  });
  it("spans scores that are no shares", () => {
    const { codes } = legendOf({ ...map, points: { ...map.points, confidence: [10, 20, 60, null, 59] } }, "confidence");
    expect([...codes]).toEqual([0, 1, 4, 5, 4]);
  });
  it("has a color for hundreds of labels", () => {
    const labels = Array.from({ length: 400 }, (_, i) => `class ${i}`);
    const many = legendOf({ ...map, labels, points: { ...map.points, label: [0, 253, 254, 399, -1] } }, "label");
    expect([...many.codes]).toEqual([0, 253, 254, 254, 255]);
    expect(many.entries[254]?.count).toBe(2);
    expect(many.entries[255]?.name).toBe("No label");
  });
  it("offers only what tells something", () => {
    expect(colorings(map).map(([name]) => name)).toEqual(["label", "error", "predicted", "confidence", "split", "domain"]);
    const nothing = { ...map.points, predicted: [-1, -1, -1, -1, -1], confidence: [null, null, null, null, null], is_wrong: [null, null, null, null, null] };
    const bare = { ...map, labels: [], domains: map.domains.slice(0, 1), points: nothing };
    expect(colorings(bare).map(([name]) => name)).toEqual(["split"]);
  });
});

describe("points", () => {
  it("that are hidden are no numbers, and others stay", () => {
    const { codes } = legendOf(map, "label");
    const { x, y } = shownPoints(map.sides[0]!, codes, new Set([1]));
    expect([...x]).toEqual([0, NaN, 2, NaN, 4]);
    expect(y[4]).toBe(9);
  });
  it("of both sides lie in one window", () => {
    const found = windowOfSides(map);
    expect(found.x0).toBeLessThan(-5);
    expect(found.x1).toBeGreaterThan(4);
    expect(found.y1).toBeGreaterThan(9);
  });
  it("become rows with what the run said", () => {
    expect(rowAt(map, 3)).toMatchObject({ key: "d", split: "test", label: "dog", predicted: "cat", probability: 0.55 });
    expect(rowAt(map, 4)).toMatchObject({ key: "a", split: "", label: null, predicted: null, probability: null });
  });
  it("of another source are not the run's, whatever their key", () => {
    expect(isOwn(map, 4)).toBe(false);
    expect(placesByKey(map).get("a")).toBe(0);
  });
  it("have axes that say what they show", () => {
    expect(axesOf(map, "pretrained").x).toContain("50");
    expect(axesOf(map, "trained").x).toContain("turned");
    expect(axesOf({ ...map, method: "umap" }, "trained").x).toBe("UMAP 1");
    expect(axesOf({ ...map, sides: map.sides.slice(1) }, "trained").x).toContain("50");
    expect(sideOf({ ...map, sides: map.sides.slice(1) }, "pretrained")?.weights).toBe("trained");
  });
});

describe("inks", () => {
  it("are twenty-four different ones", () => {
    expect(new Set(Array.from({ length: 24 }, (_, at) => inkCss(plainInk(at)))).size).toBe(24);
    expect(plainInk(24)).toEqual(plainInk(0));
  });
  it("are mixed as the page mixes them", () => {
    const value = (token: string) => (token === "--a" ? "#000000" : "#ff8000");
    expect(inkRgb({ token: "--a", into: "--b", share: 0.5 }, value)).toEqual([128, 64, 0]);
    expect(inkRgb({ token: "--b" }, value)).toEqual([255, 128, 0]);
    expect(inkCss({ token: "--a", into: "--b", share: 0.25 })).toBe("color-mix(in srgb, var(--b) 25%, var(--a))");
  });
});
