import { describe, expect, it } from "vitest";

import type { LaneState, Race, RaceLane, RaceState } from "../api/types";
import { costOf, costTicks, isRacing, laneStatus, lanePaths, lastScore, racePlot, raceWords, rungWords, scoreRange } from "./race";

const lane = (strategy: string, value: number, passes: number): RaceLane =>
  ({
    strategy,
    status: "finished",
    validation: { value, low: value - 0.1, high: value + 0.05 },
    test: { value, low: value - 0.1, high: value + 0.05 },
    num_trainable: 10 * passes,
    cost: { alone_seconds: passes / 10, alone_passes: passes },
  }) as unknown as RaceLane;

const race = {
  split: "test",
  lanes: [lane("head_only", 0.8, 100), lane("all_layers", 0.9, 1000), { ...lane("from_scratch", 0.5, 900), cost: null }],
  front: ["head_only", "all_layers"],
  constant: 0.25,
} as unknown as Race;

const FRAME = { left: 0, right: 300, top: 0, bottom: 100 };
const state = (changes: object) => ({ status: "running", at: "", seconds_left: null, message: null, lanes: [], plan: null, seconds: 9, ...changes }) as unknown as RaceState;
const running = (changes: object) => ({ strategy: "head_only", status: "running", epoch: 0, scores: [], ...changes }) as unknown as LaneState;

describe("the chart of a race", () => {
  const plot = racePlot(race, "passes", FRAME, (score) => `${100 * score}`);

  it("puts cheap lanes left and good ones up, and leaves out what has no cost", () => {
    expect(plot?.spots.map((spot) => spot.lane.strategy)).toEqual(["head_only", "all_layers"]);
    const [cheap, dear] = plot?.spots ?? [];
    expect(cheap?.x).toBeLessThan(dear?.x ?? 0);
    expect(cheap?.y).toBeGreaterThan(dear?.y ?? 0);
    expect(dear?.high).toBeLessThan(dear?.y ?? 0);
    expect(dear?.low).toBeGreaterThan(dear?.y ?? 0);
    expect([cheap?.isLeft, dear?.isLeft]).toEqual([false, true]);
  });

  it("is logarithmic in cost", () => {
    const [cheap, dear] = plot?.spots ?? [];
    const whole = Math.log((1000 * 1.3) / (100 / 1.3));
    expect(((dear?.x ?? 0) - (cheap?.x ?? 0)) / 300).toBeCloseTo(Math.log(10) / whole);
  });

  it("draws the front through its lanes", () => expect(plot?.front).toMatch(/^M[\d.]+,[\d.]+L[\d.]+,[\d.]+$/));

  it("counts cost in each way", () => {
    expect((["seconds", "passes", "parameters"] as const).map((kind) => costOf(lane("head_only", 1, 100), kind))).toEqual([10, 100, 1000]);
  });

  it("has nothing to draw before a lane ended", () => expect(racePlot({ ...race, lanes: [] }, "passes", FRAME, String)).toBeNull());
});

it("ticks are round and few", () => {
  expect(costTicks(3, 120)).toEqual([5, 10, 20, 50, 100]);
  expect(costTicks(31, 49)).toEqual([31, 49]);
  expect(costTicks(1, 1e6).length).toBeLessThanOrEqual(5);
});

describe("words of a race", () => {
  it("say where a lane was stopped", () => {
    expect(laneStatus({ status: "stopped", epoch: 3 })).toBe("Stopped at epoch 3");
    expect(laneStatus({ status: "finished", epoch: 9 })).toBe("Finished");
  });
  it("say what goes on and how long", () => {
    expect(raceWords(state({ at: "some layers", seconds_left: 60 }))).toContain("Now: some layers · at most about");
    expect(raceWords(state({ status: "stopped", message: "The race was stopped." }))).toBe("The race was stopped.");
    expect([isRacing(state({})), isRacing(state({ status: "finished" })), isRacing(undefined)]).toEqual([true, false, false]);
  });
  it("name the rungs but the last", () => {
    const rungs = [
      { epochs: 2, keep: 2 },
      { epochs: 9, keep: 0 },
    ];
    expect(rungWords(state({ plan: { rungs } }))).toBe("Worse lanes end early: after epoch 2, 2 lanes of those still training go on.");
    expect(rungWords(state({ plan: { rungs: rungs.slice(1) } }))).toBe("");
  });
});

describe("live curves", () => {
  const lanes = [running({ scores: [[0.2, 0.4], [0.4]] }), running({ scores: [] })];
  it("are lines by seed on one scale", () => {
    expect(lanePaths(lanes[0] as LaneState, 4, [0, 1], 100, 10)).toEqual(["M0.0,8.0L25.0,6.0", "M0.0,6.0"]);
    const [low, high] = scoreRange(lanes);
    expect([low, high]).toEqual([expect.closeTo(0.18), expect.closeTo(0.42)]);
    expect(scoreRange([])).toEqual([0, 1]);
  });
  it("end with the mean of the seeds", () => {
    expect(lastScore(lanes[0] as LaneState)).toBeCloseTo(0.4);
    expect(lastScore(lanes[1] as LaneState)).toBeNull();
  });
});
