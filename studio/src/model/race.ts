/** Races: how lanes stand in words, and where their points lie on a chart of cost against score. */
import type { LaneState, Race, RaceLane, RaceState } from "../api/types";
import { formatCount, formatPlural, formatSeconds } from "./format";
import { type Frame, roundEnds, type Tick } from "./learning_curve";

export type Strategy = LaneState["strategy"];

export const STRATEGIES: readonly Strategy[] = ["head_only", "some_layers", "most_layers", "all_layers", "probe_then_tune", "from_scratch"];

const NAMES: Record<Strategy, string> = {
  head_only: "Head only",
  some_layers: "Some layers",
  most_layers: "Most layers",
  all_layers: "All layers",
  probe_then_tune: "Probe, then tune",
  from_scratch: "From scratch",
};

export const laneName = (strategy: Strategy): string => NAMES[strategy];

/** Whether a race is at work, so that its state should be asked for again. */
export const isRacing = (state: Pick<RaceState, "status"> | undefined): boolean =>
  state !== undefined && ["starting", "planning", "waiting", "running"].includes(state.status);

/** Return what a race does now, in words. */
export function raceWords(state: RaceState): string {
  switch (state.status) {
    case "starting":
      return "Starting its process";
    case "planning":
      return `Planning: ${state.at}`;
    case "waiting":
      return "Waits for a run that trains";
    case "running": {
      const left = state.seconds_left === null ? "" : ` · at most about ${formatSeconds(state.seconds_left)} left`;
      return `${state.at ? `Now: ${state.at}` : "At work"}${left}`;
    }
    case "finished":
      return `Finished in ${formatSeconds(state.seconds)}`;
    default:
      return state.message ?? (state.status === "failed" ? "Failed." : "Stopped.");
  }
}

const STATUSES: Record<LaneState["status"], string> = {
  waiting: "Waiting",
  running: "Running",
  paused: "Paused at a rung",
  stopped: "Stopped",
  finished: "Finished",
  failed: "Failed",
  same: "As another lane",
};

/** Return how a lane stands, in words: "Stopped at epoch 3". */
export function laneStatus(lane: Pick<LaneState, "status" | "epoch">): string {
  const words = STATUSES[lane.status];
  return lane.status === "stopped" && lane.epoch > 0 ? `${words} at epoch ${lane.epoch}` : words;
}

/** Return the rungs of a race in words; empty when nobody is cut off. */
export function rungWords(state: RaceState): string {
  const rungs = state.plan?.rungs.slice(0, -1) ?? [];
  if (!rungs.length) return "";
  const parts = rungs.map((rung) => `after epoch ${rung.epochs}, ${formatPlural(rung.keep, "lane")} of those still training ${rung.keep === 1 ? "goes" : "go"} on`);
  return `Worse lanes end early: ${parts.join(", ")}.`;
}

export type CostKind = "seconds" | "passes" | "parameters";

export const COSTS: Record<CostKind, string> = {
  seconds: "Seconds, alone",
  passes: "Images through the base, alone",
  parameters: "Trainable parameters",
};

/** Return what a lane costs in one of the ways to count; null of a lane that did not run. */
export function costOf(lane: RaceLane, kind: CostKind): number | null {
  if (lane.cost === null) return null;
  return kind === "seconds" ? lane.cost.alone_seconds : kind === "passes" ? lane.cost.alone_passes : lane.num_trainable;
}

export const showCost = (value: number, kind: CostKind): string => (kind === "seconds" ? formatSeconds(value) : formatCount(Math.round(value)));

export type RaceSpot = { lane: RaceLane; x: number; y: number; low: number; high: number; isLeft: boolean };
export type RacePlot = { spots: RaceSpot[]; front: string; constant: number | null; xs: Tick[]; ys: Tick[] };

const shownScore = (race: Race, lane: RaceLane) => (race.split === "test" ? lane.test : lane.validation);

/** Return lanes as positions in a frame: cost along the bottom on a logarithmic scale, scores upright; null without any. */
export function racePlot(race: Race, kind: CostKind, frame: Frame, show: (score: number) => string): RacePlot | null {
  const found = race.lanes.flatMap((lane) => {
    const [score, cost] = [shownScore(race, lane), costOf(lane, kind)];
    return score && cost !== null && cost > 0 ? [{ lane, score, cost }] : [];
  });
  if (!found.length) return null;
  const ends = [...found.flatMap(({ score }) => [score.low, score.high, score.value]), race.constant ?? Number.NaN].filter(Number.isFinite);
  const scores = roundEnds(Math.min(...ends), Math.max(...ends));
  const costs = found.map(({ cost }) => cost);
  const [least, most] = [Math.min(...costs) / 1.3, Math.max(...costs) * 1.3];
  const x = (value: number) => frame.left + ((frame.right - frame.left) * Math.log(value / least)) / Math.log(most / least);
  const y = (value: number) => frame.bottom - ((frame.bottom - frame.top) * (value - scores.low)) / (scores.high - scores.low || 1);
  const spots = found.map(({ lane, score, cost }) => ({
    lane,
    x: x(cost),
    y: y(score.value),
    low: y(Number.isFinite(score.low) ? score.low : score.value),
    high: y(Number.isFinite(score.high) ? score.high : score.value),
    isLeft: x(cost) > (frame.left + frame.right) / 2,
  }));
  const line = race.front.flatMap((strategy) => spots.filter((spot) => spot.lane.strategy === strategy)).sort((a, b) => a.x - b.x);
  return {
    spots,
    front: line.map((spot, i) => `${i ? "L" : "M"}${spot.x.toFixed(1)},${spot.y.toFixed(1)}`).join(""),
    constant: race.constant === null ? null : y(race.constant),
    xs: costTicks(least, most).map((value) => ({ at: x(value), text: showCost(value, kind) })),
    ys: scores.ticks.map((value) => ({ at: y(value), text: show(value) })),
  };
}

/** Return round numbers between two ends of a logarithmic scale, five at most. */
export function costTicks(low: number, high: number): number[] {
  const all = Array.from({ length: 24 }, (_, power) => 10 ** (power - 6)).flatMap((ten) => [ten, 2 * ten, 5 * ten]);
  const inside = all.filter((value) => value >= low && value <= high);
  const step = Math.ceil(inside.length / 5);
  const kept = inside.filter((_, i) => i % step === 0);
  return kept.length ? kept : [low, high];
}

/** Return the scores of a lane's seeds as lines in a box, on a scale that all lanes share. */
export function lanePaths(lane: LaneState, epochs: number, range: readonly [number, number], width: number, height: number): string[] {
  const span = range[1] - range[0] || 1;
  return lane.scores.map((scores) =>
    scores
      .map((score, epoch) => {
        const [x, y] = [(width * epoch) / Math.max(1, epochs), height - (height * (score - range[0])) / span];
        return `${epoch ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join(""),
  );
}

/** Return the lowest and highest score of all lanes, a little apart. */
export function scoreRange(lanes: readonly LaneState[]): [number, number] {
  const all = lanes.flatMap((lane) => lane.scores.flat()).filter(Number.isFinite);
  if (!all.length) return [0, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = Math.max(0.02, 0.08 * (high - low));
  return [low - room, high + room];
}

/** Return the last score of a lane, mean over its seeds; null before the first. */
export function lastScore(lane: LaneState): number | null {
  const last = lane.scores.map((scores) => scores.at(-1)).filter((score) => score !== undefined);
  return last.length ? last.reduce((sum, score) => sum + score, 0) / last.length : null;
}
