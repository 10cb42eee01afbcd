import { describe, expect, it } from "vitest";

import type { Flow, RankedBase, Ranking } from "../api/types";
import { chanceWords, disagreement, measuresOf, orderedBy, scoreAxis, shortName, showValue, withBase } from "./ranking";

const row = (base: string, scores: RankedBase["scores"], more: Partial<RankedBase> = {}): RankedBase => ({
  format: 1,
  base,
  title: base,
  is_control: false,
  problem: null,
  num_features: 8,
  num_parameters: 100,
  num_bytes: 400,
  image_size: 32,
  milliseconds: 1,
  seconds: 1,
  scores,
  intervals: {},
  why_not: {},
  notes: [],
  ...more,
});

const ranking = (more: Partial<Ranking> = {}): Ranking => ({
  format: 1,
  source: "photos",
  data_digest: "d",
  label_kind: "category",
  score_name: "balanced_accuracy",
  num_images: 10,
  num_available: 10,
  protocol: "cross_validation",
  chance: 0.5,
  status: "finished",
  total: 3,
  measures: [
    { name: "logme", words: "LogME", meaning: "", has_scale: false },
    { name: "linear", words: "linear probe", meaning: "", has_scale: true },
    { name: "leep", words: "LEEP", meaning: "", has_scale: false },
  ],
  by: "logme",
  reason: "",
  bases: [
    row("timm:broken", {}, { problem: "It does not open." }),
    row("timm:a", { logme: -0.4, linear: 0.9 }),
    row("timm:b", { logme: 0.2, linear: 0.8 }, { intervals: { linear: { value: 0.8, low: 0.42, high: 0.93 } } }),
    row("timm:c", { linear: 0.7 }),
  ],
  best: "timm:b",
  picks: { logme: "timm:b", linear: "timm:a" },
  checks: [],
  notes: [],
  ...more,
});

const flowWith = (settings: Record<string, unknown>, component = "backbone"): Flow =>
  ({ nodes: [{ id: "backbone", component, settings, title: "", is_bypassed: false }], edges: [], groups: [], layout: {} }) as unknown as Flow;

describe("the order of bases", () => {
  it("is by the measure, then those without it, then those that failed", () => {
    expect(orderedBy(ranking(), "logme").map(({ base }) => base)).toEqual(["timm:b", "timm:a", "timm:c", "timm:broken"]);
    expect(orderedBy(ranking(), "linear").map(({ base }) => base)).toEqual(["timm:a", "timm:b", "timm:c", "timm:broken"]);
  });

  it("names measures that some base has, and those that would choose otherwise", () => {
    expect(measuresOf(ranking()).map(({ name }) => name)).toEqual(["logme", "linear"]);
    expect(disagreement(ranking(), "logme")).toBe("LogME chooses timm:b; linear probe would choose timm:a.");
    expect(disagreement(ranking({ picks: { logme: "timm:b", linear: "timm:b" } }), "logme")).toBe("All measures choose timm:b.");
    expect(disagreement(ranking({ picks: {} }), "logme")).toBeNull();
  });
});

describe("numbers of a ranking", () => {
  it("are per cent for scores of classes, plain for R² and nats", () => {
    expect(showValue(ranking(), "linear", 0.8731)).toBe("87.3 %");
    expect(showValue(ranking({ score_name: "r2" }), "linear", -0.5)).toBe("−0.50");
    expect(showValue(ranking(), "leep", -1.07894)).toBe("−1.079");
  });

  it("fit on one axis with the guess on it", () => {
    expect(scoreAxis(ranking())).toEqual([0.4, 1]);
  });

  it("say how easily chance gives a correlation", () => {
    expect(chanceWords(-0.333, 0.833)).toBe("τ −0.33, p 0.833");
    expect(chanceWords(1, 0.0002)).toBe("τ 1.00, p < 0.001");
    expect(chanceWords(null, null)).toBe("too few bases");
  });
});

describe("a base of a ranking in the flow", () => {
  it("takes back what was said of the old one's stages, and names it", () => {
    const flow = flowWith({ base: "timm:a", strategy: "some_layers", cut: "layer3", freeze: [], unfreeze: ["layer4.0"] });
    const made = withBase(flow, "timm:b");
    expect(made.taken).toEqual(["cut", "freed layers"]);
    expect(made.flow.nodes[0]?.settings).toEqual({ base: "timm:b", strategy: "some_layers" });
  });

  it("changes nothing where it is there already, or where there is no backbone", () => {
    const flow = flowWith({ base: "timm:a", cut: "layer3" });
    expect(withBase(flow, "timm:a")).toEqual({ flow, node: "backbone", taken: [] });
    const other = flowWith({}, "custom");
    expect(withBase(other, "timm:a")).toEqual({ flow: other, node: null, taken: [] });
  });

  it("is named without the folders of its file", () => {
    expect(shortName("random:file:/home/me/lite1.safetensors@timm:tf_efficientnet_lite1")).toBe("random:file:lite1.safetensors (timm:tf_efficientnet_lite1)");
    expect(shortName("timm:resnet18")).toBe("timm:resnet18");
  });
});
