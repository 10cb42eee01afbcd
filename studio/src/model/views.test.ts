import { describe, expect, it } from "vitest";

import type { SamplePreview, TensorStats } from "../api/types";
import * as v from "./views";

const stats: TensorStats = { min: -1, max: 2, mean: 0.5, std: 1, zero_share: 0.25, num_nan: 0, num_infinite: 0, constant_channel_share: null };
const sample = (view: object, label: string[] = ["spot"]): SamplePreview => ({ key: "a.png", label, split: "test", view }) as SamplePreview;

describe("previews in words", () => {
  it("a prediction says class, share and whether it is right, never by color alone", () => {
    const scores = { view: "scores", top: [{ name: "spot", probability: 0.873 }], predicted: ["spot"], is_right: true, logits: [] };
    expect(v.describeView(sample(scores))).toBe("a.png, labeled spot: predicted spot (87.3 %), right");
    expect(v.verdictOf(false).word).toBe("wrong");
    expect(v.verdictOf(null).word).toBe("no label");
  });

  it("every kind of view has a sentence", () => {
    const histogram = { edges: [0, 1, 2], counts: [3, 0] };
    const views = [
      { view: "image", picture: "p", width: 3, height: 4, stats },
      { view: "maps", num_channels: 2, height: 7, width: 7, order: "index", channels: [], sheet: "s", stats },
      { view: "vector", size: 5, values: [], histogram, stats },
      { view: "objective", loss: 0.5, top: [], predicted: [], is_right: null, values: [] },
      { view: "labels", names: ["spot"], shares: [] },
      { view: "mask", picture: "m", width: 2, height: 2, shares: { a: 1 }, colors: {} },
      { view: "values", values: [1, "two", null] },
    ];
    for (const view of views) expect(v.describeView(sample(view))).toMatch(/^a\.png, labeled spot: .{4,}/);
    expect(v.captionOf(sample(views[0] ?? {}, []))).toBe("a.png");
  });

  it("a one-hot label is its class, a mixed one says its shares", () => {
    expect(v.labelsText({ view: "labels", names: ["scratch"], shares: [0, 0, 1, 0] })).toBe("scratch");
    expect(v.labelsText({ view: "labels", names: ["fold"], shares: [0.7, 0.3] })).toBe("fold 70 %");
    expect(v.labelsText({ view: "labels", names: [], shares: [0.4, 0.3, 0.3] })).toBe("no class with half or more");
    expect(v.labelsText({ view: "labels", names: [], shares: [] })).toBe("no label");
  });

  it("what should worry is said: not a number, infinite, all the same", () => {
    expect(v.warningsOf(stats)).toEqual([]);
    expect(v.warningsOf({ ...stats, num_nan: 1, num_infinite: 2 })).toEqual(["1 value not a number (NaN)", "2 values infinite"]);
    expect(v.warningsOf({ ...stats, min: 3, max: 3 })).toEqual(["All values are the same"]);
  });

  it("charts have a table with a row for each bar", () => {
    const vector = { view: "vector", size: 5, values: [], histogram: { edges: [0, 1, 2], counts: [3, 0] }, stats } as const;
    expect(v.tableOf(vector as never)?.rows).toEqual([["0", "1", "3"], ["1", "2", "0"]]);
    expect(v.tableOf({ ...vector, values: [0.5, null] } as never)?.rows).toEqual([["0", "0.5"], ["1", "–"]]);
  });

  it("the highest bar fills the box, heights go by the square root, an empty bin is empty", () => {
    const bars = v.barsOf([100, 25, 1, 0]);
    expect(bars.map((bar) => bar.height)).toEqual([1, 0.5, 0.1, 0]);
    expect(bars.reduce((sum, bar) => sum + bar.width, 0)).toBeCloseTo(1);
    expect(v.barsOf([0, 0]).every((bar) => bar.height === 0)).toBe(true);
  });

  it("zero is marked only where it lies inside", () => {
    expect(v.zeroAt([-1, 0, 3])).toBeCloseTo(0.25);
    expect(v.zeroAt([0, 1])).toBeNull();
    expect(v.zeroAt([])).toBeNull();
  });
});
