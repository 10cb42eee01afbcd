import { describe, expect, it } from "vitest";

import type { BaseCard, DepthReport, DriftReport, Flow, Interval } from "../api/types";
import { adviceWords, axisOf, besideDepth, besideDrift, moveText, protocolWords, trainsTheSame, withCut } from "./depth";
import { nodeOf } from "./edits";

const interval = (value: number, half = 0.02): Interval => ({ value, low: value - half, high: value + half });
const probe = (value: number) => ({ score: interval(value), accuracy: interval(value), regularization: [0.1], is_converged: true });
const stage = (name: string, value: number, isLegal = true) => ({
  stage: name, num_features: 8, is_legal: isLegal, why_not: isLegal ? null : "Torn.", linear: probe(value), nearest_mean: probe(value - 0.1),
});
const report = (changes: Partial<DepthReport> = {}): DepthReport => ({
  format: 1, node: "backbone", base: "bundled:x", weights: "start", label_kind: "category", measure: "balanced_accuracy", protocol: "validation",
  num_folds: 1, num_fitted: 200, num_scored: 100, num_available: 300, chance: 0.25,
  stages: [stage("stem", 0.4), stage("blocks.0", 0.7), stage("blocks.1", 0.71)], best: "blocks.0", cut: "blocks.0", notes: [], ...changes,
});

const card = {
  stages: ["stem", "blocks.0", "blocks.1", "blocks.2"].map((name) => ({ name, kind: "", num_parameters: 10, num_buffer_values: 0, output_shape: [4], cut_is_legal: true, layers: [], num_bytes: 40 })),
} as unknown as BaseCard;

const flow = (component = "backbone"): Flow =>
  ({
    name: "f", nodes: [{ id: "backbone", component, settings: { base: "bundled:x", strategy: "head_only" }, is_bypassed: false }],
    edges: [], groups: [], layout: {}, recipe: { epochs: 3, seed: 0 },
  }) as unknown as Flow;

describe("the axis of a probe by depth", () => {
  it("holds every interval and the guess, on round ends", () => {
    expect(axisOf(report())).toEqual([0.2, 0.8]);
  });
  it("ends at one for R², and goes below zero where scores do", () => {
    expect(axisOf(report({ measure: "r2", chance: 0, stages: [stage("stem", -0.15), stage("blocks.0", 0.5)] }))).toEqual([-0.3, 1]);
  });
});

describe("a flow with another cut", () => {
  it("gets the cut and the strategy that it is", () => {
    const made = withCut(flow(), "backbone", card, "blocks.0");
    expect(nodeOf(made, "backbone")?.settings).toMatchObject({ cut: "blocks.0", strategy: "some_layers" });
    expect(nodeOf(withCut(flow(), "backbone", card, "stem"), "backbone")?.settings).toMatchObject({ strategy: "most_layers" });
    expect(nodeOf(withCut(flow(), "backbone", card, "blocks.2"), "backbone")?.settings).toMatchObject({ strategy: "head_only" });
  });
  it("gets rules where the base is code, which has no cut", () => {
    const made = nodeOf(withCut(flow("custom"), "backbone", card, "blocks.0"), "backbone");
    expect(made?.settings).toMatchObject({ freeze: ["stem", "blocks.0"], unfreeze: ["blocks.1", "blocks.2"] });
    expect(made?.settings["cut"]).toBeUndefined();
  });
  it("stays as it is without that node", () => {
    const one = flow();
    expect(withCut(one, "elsewhere", card, "stem")).toBe(one);
  });
});

describe("words beside a stage", () => {
  it("are the score, and mark the cut that can be made", () => {
    const besides = besideDepth(report({ best: "blocks.0", cut: "blocks.1", stages: [stage("stem", 0.4), stage("blocks.0", 0.7, false), stage("blocks.1", 0.71)] }));
    expect(besides.get("blocks.0")).toMatchObject({ text: "70 %", isBest: false });
    expect(besides.get("blocks.1")?.isBest).toBe(true);
    expect(besides.get("blocks.1")?.title).toContain("69 % to 73 %");
  });
  it("leave out stages that could not be scored", () => {
    const broken = { ...stage("stem", 0.4), linear: null };
    expect(besideDepth(report({ stages: [broken] })).size).toBe(0);
  });
  it("say what moved and what did not", () => {
    const part = { name: "stem", node: "b", role: "base", state: "frozen", num_parameters: 10, num_tensors: 2, moved_tensors: 0, movement: 0, batch_norm: null, cka: interval(1, 0) } as const;
    expect(moveText(part)).toBe("unmoved");
    expect(moveText({ ...part, state: "trainable", moved_tensors: 2, movement: 0.0123 })).toBe("moved 1.23 %");
    expect(moveText({ ...part, state: "trainable", moved_tensors: 2, movement: null })).toBe("moved");
    const drift = { parts: [part, { ...part, name: "head", role: "new" }] } as unknown as DriftReport;
    expect([...besideDrift(drift).keys()]).toEqual(["stem"]);
  });
});

describe("sentences", () => {
  it("tell how it was scored", () => {
    expect(protocolWords(report())).toBe("Fitted on 200 images of training, scored on 100 validation images.");
    expect(protocolWords(report({ protocol: "cross_validation", num_folds: 5 }))).toContain("in 5 folds");
  });
  it("tell where to cut, also where the best stage cannot be", () => {
    expect(adviceWords(report())).toContain("blocks.0 is the earliest stage");
    expect(adviceWords(report({ cut: "blocks.1" }))).toContain("next after blocks.1");
    expect(adviceWords(report({ cut: null }))).toContain("cannot be cut there or later");
    expect(adviceWords(report({ best: null, cut: null }))).toBe("No stage could be scored.");
  });
});

describe("flows that train the same", () => {
  it("may differ in names, places and the order of settings, in nothing else", () => {
    const one = flow();
    const moved = { ...one, name: "g", layout: { backbone: [1, 2] }, nodes: one.nodes.map((node) => ({ ...node, title: "x", settings: { strategy: "head_only", base: "bundled:x" } })) } as Flow;
    expect(trainsTheSame(one, moved)).toBe(true);
    expect(trainsTheSame(one, { ...one, recipe: { ...one.recipe, epochs: 4 } })).toBe(false);
    expect(trainsTheSame(one, withCut(one, "backbone", card, "stem"))).toBe(false);
  });
});
