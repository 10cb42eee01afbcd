import { expect, it } from "vitest";

import type { Plan } from "../api/types";
import { spanWords, timelineOf } from "./timeline";

const group = (name: string) => ({ name, learning_rate: 1e-4, weight_decay: 0, tensors: [`${name}.weight`] });
const plan = {
  stages: [
    { name: "stem", num_parameters: 10 },
    { name: "deep", num_parameters: 20 },
    { name: "top", num_parameters: 30 },
    { name: "pool", num_parameters: 0 },
  ],
  phases: [
    { name: "probe", epochs: 20, groups: [group("head"), group("head/plain")], unfreezing: [] },
    {
      name: "main",
      epochs: 6,
      groups: [group("deep"), group("deep/plain"), group("top"), group("top/plain"), group("head")],
      unfreezing: [
        { epoch: 1, stages: ["top"], not_yet: {}, groups: ["top", "top/plain", "head"] },
        { epoch: 3, stages: ["deep"], not_yet: {}, groups: ["deep", "deep/plain"] },
      ],
    },
  ],
} as unknown as Plan;

it("stages are trained from the epoch on in which they are freed, the head in both phases", () => {
  const found = timelineOf(plan);
  expect(found.epochs).toBe(26);
  expect(found.phases.map(({ start, end }) => [start, end])).toEqual([[0, 20], [20, 26]]);
  expect(found.rows.map((row) => [row.name, row.isNew, row.spans.map(({ start, end }) => [start, end])])).toEqual([
    ["stem", false, []],
    ["deep", false, [[22, 26]]],
    ["top", false, [[20, 26]]],
    ["head", true, [[0, 20], [20, 26]]],
  ]);
  expect(found.rows.map(spanWords)).toEqual(["frozen throughout", "epochs 23–26", "epochs 21–26", "epochs 1–20, 21–26"]);
});

it("without gradual unfreezing all of a phase's parts move from its start", () => {
  const { phases } = plan;
  const all = { ...plan, phases: phases.map((phase) => ({ ...phase, unfreezing: [] })) } as Plan;
  expect(timelineOf(all).rows.find((row) => row.name === "deep")?.spans.map(({ start }) => start)).toEqual([20]);
});
