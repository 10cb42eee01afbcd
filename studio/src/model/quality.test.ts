import { describe, expect, it } from "vitest";

import type { FixEffect, LookAlike } from "../api/types";
import { relabelImages } from "./data_edits";
import { doneAbout, leftOf, points, reach, rowOf, verdict } from "./quality";

const none = { excluded: new Set<string>(), relabel: {} };
const change = (value: number, low: number, high: number): FixEffect["changes"][number] => ({
  split: "test",
  num_images: 100,
  before: { value: 0.5, low: 0.4, high: 0.6 },
  after: { value: 0.5 + value, low: 0.4, high: 0.6 },
  difference: { value, low, high },
});

describe("what was done about a finding", () => {
  it("is nothing, a new label, or leaving it out", () => {
    expect(doneAbout("a", "cat", none)).toBeNull();
    expect(doneAbout("a", "cat", { ...none, relabel: { a: "dog" } })).toBe("labeled dog");
    expect(doneAbout("a", "cat", { ...none, relabel: { a: "cat" } })).toBeNull();
    expect(doneAbout("a", "cat", { excluded: new Set(["a"]), relabel: { a: "dog" } })).toBe("excluded");
  });

  it("makes a correction like that of a row", () => {
    const flow = { nodes: [{ id: "images", component: "images", settings: { source: "x" } }] } as never;
    const row = rowOf({ key: "a", label: "cat", split: "train" }, none);
    const made = relabelImages(flow, "images", [row], "dog").nodes[0]?.settings;
    expect(made?.["relabel"]).toEqual({ a: "dog" });
  });

  it("leaves the images of a group that are in use", () => {
    const group = { keys: ["a", "b", "c"] } as unknown as LookAlike;
    expect(leftOf(group, { excluded: new Set(["b"]) })).toEqual(["a", "c"]);
  });
});

describe("the effect of a fix", () => {
  it("is claimed only where the interval leaves zero out", () => {
    expect(verdict(change(0.02, 0.01, 0.03))).toBe("better");
    expect(verdict(change(-0.02, -0.03, -0.01))).toBe("worse");
    expect(verdict(change(0.02, 0, 0.04))).toBe("no clear difference");
    expect(verdict(change(0, 0, 0))).toBe("the same");
  });

  it("is written in points with its sign", () => {
    expect([0.0141, -0.009, 0, 0.0001].map(points)).toEqual(["+1.4", "−0.9", "0", "0"]);
  });

  it("is drawn on an axis that holds all intervals", () => {
    expect(reach([change(0.01, -0.2, 0.1)])).toBe(0.2);
    expect(reach([change(0, 0, 0)])).toBe(0.05);
  });
});
