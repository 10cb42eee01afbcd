import { describe, expect, it } from "vitest";

import type { Advice, AdviceChange, Flow } from "../api/types";
import { has, placeOfSize, settingWords, sizeTicks, toStrategy, withChanges } from "./advice";

const flow = {
  nodes: [{ id: "backbone", component: "backbone", settings: { base: "b", strategy: "head_only" }, title: "", is_bypassed: false }],
  edges: [],
  groups: [],
  layout: {},
  recipe: { epochs: 20, augment: "none" },
} as unknown as Flow;
const change = (node: string | null, field: string, value: unknown): AdviceChange => ({ node, field, value, before: null, reason: "" });

describe("an advice in a flow", () => {
  it("writes settings of nodes and of the recipe, and leaves the flow that was given", () => {
    const found = withChanges(flow, [change("backbone", "strategy", "some_layers"), change(null, "epochs", 7)]);
    expect(found.nodes[0]?.settings["strategy"]).toBe("some_layers");
    expect(found.recipe.epochs).toBe(7);
    expect(flow.recipe.epochs).toBe(20);
  });

  it("takes a setting away where the advice has none", () => {
    const cut = withChanges(flow, [change("backbone", "cut", "blocks.2")]);
    const found = withChanges(cut, toStrategy({ node: "backbone" } as Advice, "all_layers"));
    expect(found.nodes[0]?.settings["cut"] ?? null).toBeNull();
    expect(found.nodes[0]?.settings["strategy"]).toBe("all_layers");
  });

  it("knows what is there already", () => {
    expect(has(flow, change("backbone", "strategy", "head_only"))).toBe(true);
    expect(has(flow, change("backbone", "cut", null))).toBe(true);
    expect(has(flow, change(null, "epochs", 5))).toBe(false);
  });
});

describe("the axis of size", () => {
  it("has one image at its start, the border in the middle, and rises", () => {
    expect(placeOfSize(1, 1000)).toBe(0);
    expect(placeOfSize(1000, 1000)).toBeCloseTo(0.5);
    expect(placeOfSize(100, 1000)).toBeLessThan(placeOfSize(101, 1000));
    expect(placeOfSize(1e12, 1000)).toBe(1);
  });

  it("marks powers of ten and the border", () => {
    expect(sizeTicks(1000)).toEqual([1, 10, 100, 1000, 10_000, 100_000, 1_000_000]);
    expect(sizeTicks(8)).toEqual([1, 8, 100, 1000]);
  });
});

it("says settings in words", () => {
  expect(settingWords(null)).toBe("as by default");
  expect(settingWords("some_layers")).toBe("some layers");
  expect(settingWords(true)).toBe("yes");
});
