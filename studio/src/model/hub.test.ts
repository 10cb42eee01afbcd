import { expect, test } from "vitest";

import type { FlowCard, Hub, RunCard } from "../api/types";
import { bestScore, chosenPart } from "./hub";

const flow = (name: string, source: string): FlowCard =>
  ({ name, title: "", source, base: "b", modified: 0, num_nodes: 1, num_runs: 0, problem: null }) as FlowCard;
const run = (id: string, name: string, value?: number, kind = "accuracy", source: string | null = null): RunCard =>
  ({
    id, name, source, status: "finished",
    score: value === undefined ? null : { value, low: value, high: value },
    score_name: value === undefined ? null : kind,
  }) as RunCard;

const hub = {
  sources: [{ source: "/a", title: "a", flows: ["one"] }, { source: "/b", title: "b", flows: ["two"] }],
  flows: [flow("one", "/a"), flow("two", "/b")],
  runs: [run("r1", "one"), run("r2", "two"), run("r3", "gone", undefined, "accuracy", "/a")],
} as unknown as Hub;
const ALL = { text: "", source: null, flow: null };

test("no choice shows everything", () => {
  expect(chosenPart(hub, ALL)).toEqual({ sources: hub.sources, flows: hub.flows, runs: hub.runs });
});

test("a data set shows its flows and their runs, also runs whose flow is gone", () => {
  const part = chosenPart(hub, { ...ALL, source: "/a" });
  expect(part.flows.map((card) => card.name)).toEqual(["one"]);
  expect(part.runs.map((card) => card.id)).toEqual(["r1", "r3"]);
});

test("a flow shows its runs, and leaves the flows as they are", () => {
  const part = chosenPart(hub, { ...ALL, flow: "two" });
  expect(part.flows).toHaveLength(2);
  expect(part.runs.map((card) => card.id)).toEqual(["r2"]);
});

test("all words are looked for, in any order and case", () => {
  expect(chosenPart(hub, { ...ALL, text: "B tWo" }).flows.map((card) => card.name)).toEqual(["two"]);
});

test("the best score is the highest accuracy and the lowest error", () => {
  expect(bestScore([run("a", "f", 0.5), run("b", "f", 0.9), run("c", "g", 1)], "f")?.id).toBe("b");
  expect(bestScore([run("a", "f", 0.5, "mae"), run("b", "f", 0.9, "mae")], "f")?.id).toBe("a");
  expect(bestScore([run("a", "f")], "f")).toBeNull();
});
