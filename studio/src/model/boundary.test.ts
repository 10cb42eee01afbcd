import { describe, expect, it } from "vitest";

import type { BaseCard, CutTable, LayerCard, StageCard } from "../api/types";
import * as b from "./boundary";
import * as e from "./freeze_edits";

const layer = (name: string, num_parameters: number): LayerCard => ({ name, kind: "", num_parameters, output_shape: null });
function stage(name: string, counts: number[], legal = true): StageCard {
  const layers = counts.map((count, at) => layer(`${name}.${at}`, count));
  const num_parameters = counts.reduce((sum, count) => sum + count, 0);
  return { name, kind: "", num_parameters, num_buffer_values: 0, output_shape: [1], cut_is_legal: legal, layers, num_bytes: 0 };
}
const card = {
  id: "x:y",
  stages: [stage("stem", [10]), stage("mix", [20, 30], false), stage("deep", [40, 50]), stage("top", [60]), stage("pool", [0])],
} as unknown as BaseCard;
const rules = (freeze: string[] = [], unfreeze: string[] = []): b.Freezing => ({ strategy: "some_layers", cut: null, freeze, unfreeze });

describe("names and patterns, as Python's fnmatchcase", () => {
  it.each([
    ["deep.0", "deep", true],
    ["deeper", "deep", false],
    ["deep.0.conv", "deep.0", true],
    ["block1_conv", "block1*", true],
    ["block12", "block1?", true],
    ["block1", "block1?", false],
    ["block3", "block[1-3]", true],
    ["block4", "block[!1-3]", true],
    ["block2", "block[!1-3]", false],
    ["a[b", "a[b", true],
    ["axb", "a.b", false],
    ["Block", "block", false],
    ["a]", "a[]]", true],
  ])("%s in %s: %s", (name, pattern, is) => expect(b.isWithin(name, pattern)).toBe(is));

  it("what is unfrozen by name wins over what is frozen", () => {
    expect(b.isLayerFrozen({ freeze: ["deep"], unfreeze: ["deep.0"] }, "deep", "deep.0", true)).toBe(false);
    expect(b.isLayerFrozen({ freeze: ["deep"], unfreeze: ["deep.0"] }, "deep", "deep.1", false)).toBe(true);
  });
});

describe("stages and totals", () => {
  it("frozen and trainable add up to the base wherever the boundary is", () => {
    for (let index = 0; index <= 5; index += 1) {
      const sums = b.totals(b.stageStates(card, index, rules(["top"], ["stem", "mix.1"])));
      expect(sums.frozen + sums.trainable).toBe(210);
    }
  });

  it("the stages before the boundary are frozen, exceptions apart", () => {
    const states = b.stageStates(card, 3, rules(["top"], ["deep.1"]));
    expect(states.map((state) => state.held)).toEqual(["frozen", "frozen", "partly", "frozen", "empty"]);
    expect(states[2]?.trainable).toBe(50);
    expect(states.map((state) => state.hasExceptions)).toEqual([false, false, true, true, false]);
  });

  it("where code decides, the plan says what its stages are", () => {
    const states = b.stageStates(card, 0, { ...rules([], ["stem"]), asPlanned: new Map([["stem", true], ["mix", true]]) });
    expect(states.map((state) => state.held)).toEqual(["trainable", "frozen", "trainable", "trainable", "empty"]);
  });
});

describe("places of the boundary", () => {
  const choices = b.choicesOf(card, null, "some_layers");

  it("no cut inside of a residual block, none that leaves nothing to train", () => {
    expect(choices.map((choice) => choice.isLegal)).toEqual([true, true, false, true, false, true]);
    expect(choices[2]?.whyNot).toContain("residual block");
    expect(choices[4]?.whyNot).toContain("No stage after 'top'");
  });

  it("the handle goes to the nearest legal place, keys jump over the others", () => {
    expect(b.snap(choices, 1.9)?.index).toBe(1);
    expect(b.snap(choices, 2.6)?.index).toBe(3);
    expect(b.snap(choices, 99)?.index).toBe(5);
    expect(b.refusedAt(choices, 2.2)).toContain("residual block");
    expect(b.refusedAt(choices, 1.1)).toBeNull();
    expect(b.step(choices, 1, 1)?.index).toBe(3);
    expect(b.step(choices, 3, -1)?.index).toBe(1);
    expect(b.step(choices, 0, -1)?.index).toBe(0);
  });

  it("the table's word goes before our own: strategy, costs, why not", () => {
    const row = { cut: "deep", is_legal: false, why_not: "Idle.", strategy: "most_layers" };
    const table = { node: "n", current: "stem", cuts: [row, { ...row, cut: "stem", is_legal: true, why_not: null }] };
    const found = b.choicesOf(card, table as unknown as CutTable, "some_layers");
    expect(found[3]).toMatchObject({ isLegal: false, whyNot: "Idle.", strategy: null });
    expect(found[1]).toMatchObject({ isLegal: true, strategy: "most_layers" });
  });
});

describe("strategy and cut", () => {
  it("a cut and its strategy agree: resolving both gives the cut back, without it the strategies keep their sense", () => {
    for (const present of ["head_only", "some_layers", "most_layers", "all_layers", "from_scratch", "probe_then_tune"] as const)
      for (const choice of b.choicesOf(card, null, present)) {
        if (!choice.isLegal || !choice.strategy) continue;
        expect(b.resolveCut(card, choice.strategy, choice.cut)).toBe(choice.cut);
        if (choice.strategy === "head_only") expect(choice.cut).toBe("pool");
        if (choice.strategy === "all_layers" || choice.strategy === "from_scratch") expect(choice.cut).toBe("input");
      }
  });

  it("thirds of the depth, halves rounded to even as Python does", () => {
    expect(b.resolveCut(card, "head_only", null)).toBe("pool");
    expect(b.resolveCut(card, "some_layers", null)).toBe("deep");
    expect(b.resolveCut(card, "most_layers", null)).toBe("stem");
    expect(b.resolveCut(card, "all_layers", null)).toBe("input");
  });

  it("a cut that is no stage of this base is as if it were not set", () => {
    expect(b.resolveCut(card, "head_only", "gone")).toBe("pool");
  });
});

describe("exceptions", () => {
  const held = (now: b.Rules, index: number) => b.stageStates(card, index, { ...rules(), ...now });

  it("a stage or layer becomes what is asked for, and nothing else changes", () => {
    const starts = [rules(), rules(["deep*"]), rules([], ["deep"]), rules(["stem"], ["m*", "deep.0"])];
    for (const start of starts)
      for (const index of [0, 3, 5])
        for (const target of card.stages.flatMap((s) => [s.name, ...s.layers.map((l) => l.name)].map((n) => [s.name, n === s.name ? null : n] as const)))
          for (const wanted of [true, false]) {
            const at = card.stages.findIndex((item) => item.name === target[0]);
            const now = e.setFrozen(card, start, { stage: target[0], layer: target[1] }, wanted, at < index);
            const before = held(start, index).flatMap((state) => state.layers);
            const after = held(now, index).flatMap((state) => state.layers);
            after.forEach((state, i) => {
              if (state.layer.num_parameters === 0) return;
              const isMeant = target[1] ? state.layer.name === target[1] : state.layer.name.startsWith(`${target[0]}.`);
              expect(state.isFrozen).toBe(isMeant ? wanted : before[i]?.isFrozen);
            });
          }
  });

  it("there and back leaves no rule behind", () => {
    const there = e.setFrozen(card, rules(), { stage: "deep", layer: "deep.0" }, false, true);
    expect(there.unfreeze).toEqual(["deep.0"]);
    const back = e.setFrozen(card, there, { stage: "deep", layer: "deep.0" }, true, true);
    expect([back.freeze, back.unfreeze]).toEqual([[], []]);
  });

  it("reset takes a stage's own names away and leaves patterns", () => {
    expect(e.resetStage(card, rules(["deep.1", "stem"], ["deep", "t*"]), "deep")).toEqual({ freeze: ["stem"], unfreeze: ["t*"] });
  });

  it("in code the boundary is names: before it frozen, after it free", () => {
    const now = { ...rules(), ...e.rulesUpTo(card, 2), asPlanned: new Map([["top", true]]) };
    expect(b.stageStates(card, 0, now).map((state) => state.held)).toEqual(["frozen", "frozen", "trainable", "trainable", "empty"]);
  });
});
