import { describe, expect, it } from "vitest";

import type { BaseCard } from "../api/types";
import { type Freezing, indexOfCut, resolveCut, stageStates } from "./boundary";
import { namedStages, toggleOnly, withOnlyStages } from "./only_stages";

const stage = (name: string, num_parameters: number, cut_is_legal = true) => ({
  name, kind: "", num_parameters, num_buffer_values: 0, output_shape: [1], cut_is_legal, num_bytes: 0,
  layers: [{ name: `${name}.0`, kind: "", num_parameters, output_shape: null }],
});
const card = { id: "x:y", stages: [stage("stem", 10), stage("mix", 20, false), stage("deep", 30), stage("top", 40), stage("pool", 0)] } as unknown as BaseCard;
const freezing = (onlyStages: string[], strategy: Freezing["strategy"] = "some_layers"): Freezing => ({ strategy, cut: null, freeze: [], unfreeze: [], onlyStages });

describe("only stages", () => {
  it("cut before the first one at a legal place, and freeze the others after it", () => {
    const found = withOnlyStages(card, freezing(["deep"]));
    expect(found.cut).toBe("stem");
    const states = stageStates(card, indexOfCut(card, resolveCut(card, found.strategy, found.cut)), found);
    expect(states.map((state) => state.held)).toEqual(["frozen", "frozen", "trainable", "frozen", "empty"]);
    expect(states.some((state) => state.hasExceptions)).toBe(false);
  });

  it("the first stage has no cut before it; patterns name several", () => {
    expect(withOnlyStages(card, freezing(["stem"])).cut).toBe("input");
    expect(namedStages(card, ["*e*p", "top"])).toEqual(["deep", "top"]);
  });

  it("what names nothing changes nothing", () => {
    const plain = freezing(["nowhere"]);
    expect(withOnlyStages(card, plain)).toBe(plain);
  });

  it("a choice takes the cut's place, finds a strategy that holds it, and ends with its last stage", () => {
    expect(toggleOnly(card, freezing([], "head_only"), "deep", true)).toEqual({ only_stages: ["deep"], cut: undefined, strategy: "some_layers" });
    expect(toggleOnly(card, freezing(["top"], "most_layers"), "stem", true)).toEqual({ only_stages: ["stem", "top"], cut: undefined });
    expect(toggleOnly(card, freezing(["top"]), "top", false)).toEqual({ only_stages: undefined });
  });
});
