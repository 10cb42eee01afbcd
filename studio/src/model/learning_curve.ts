/** Learning curves: where their points and bands lie on a chart, and what is said of them. */
import type { CurvePoint, CurveState, LearningCurve } from "../api/types";
import { formatExact, formatSeconds } from "./format";

export type Spot = { x: number; y: number; low: number; high: number; labels: number; score: number };
export type CurveLine = { key: "transfer" | "scratch"; spots: Spot[]; path: string; band: string };
export type Tick = { at: number; text: string };
export type Plot = {
  lines: CurveLine[];
  /** What the power law of transfer foretells, from its last point on. */
  ahead: { from: Spot; to: Spot } | null;
  /** Where a constant answer lies; null where that is not known. */
  constant: number | null;
  xs: Tick[];
  ys: Tick[];
};
export type Frame = { left: number; right: number; top: number; bottom: number };

type Scale = (value: number) => number;

/** Return a curve as positions in a frame: labels along the bottom on a logarithmic scale, scores upright. */
export function plotOf(curve: LearningCurve, frame: Frame, show: (score: number) => string): Plot {
  const foretold = curve.forecast && curve.transfer.length ? curve.forecast : null;
  const all = [...curve.transfer, ...curve.scratch];
  const labels = [...all.map((point) => point.num_labels), ...(foretold ? [foretold.num_labels] : [])];
  const intervals = [...all.map((point) => point.score), ...(foretold ? [foretold.score] : [])];
  const ends = [...intervals.flatMap((one) => [one.low, one.high, one.value]), curve.constant ?? Number.NaN].filter(Number.isFinite);
  const scores = roundEnds(Math.min(...ends), Math.max(...ends));
  const x = logScale(Math.min(...labels), Math.max(...labels), frame.left, frame.right);
  const y = plainScale(scores.low, scores.high, frame.bottom, frame.top);
  const spot = (num_labels: number, score: CurvePoint["score"]): Spot => ({
    x: x(num_labels),
    y: y(score.value),
    low: y(Number.isFinite(score.low) ? score.low : score.value),
    high: y(Number.isFinite(score.high) ? score.high : score.value),
    labels: num_labels,
    score: score.value,
  });
  const line = (key: CurveLine["key"], points: readonly CurvePoint[]): CurveLine => {
    const spots = points.map((point) => spot(point.num_labels, point.score));
    return { key, spots, path: pathOf(spots), band: bandOf(spots) };
  };
  const lines = [line("transfer", curve.transfer), line("scratch", curve.scratch)].filter((one) => one.spots.length > 0);
  const last = lines.find((one) => one.key === "transfer")?.spots.at(-1);
  return {
    lines,
    ahead: foretold && last ? { from: last, to: spot(foretold.num_labels, foretold.score) } : null,
    constant: curve.constant === null ? null : y(curve.constant),
    xs: apart([...new Set(labels)].sort((a, b) => a - b).map((value) => ({ at: x(value), text: formatExact(value) }))),
    ys: scores.ticks.map((value) => ({ at: y(value), text: show(value) })),
  };
}

/** Leave out words that would lie on one another, the last one never. */
function apart(ticks: Tick[], least = 30): Tick[] {
  const kept: Tick[] = [];
  for (const tick of ticks.reverse()) {
    const before = kept.at(-1);
    if (!before || before.at - tick.at >= least) kept.push(tick);
  }
  return kept.reverse();
}

function logScale(low: number, high: number, from: number, to: number): Scale {
  if (low === high) return () => (from + to) / 2;
  return (value) => from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
}

const plainScale =
  (low: number, high: number, from: number, to: number): Scale =>
  (value) =>
    from + ((to - from) * (value - low)) / (high - low || 1);

/** Return round ends around values, with round steps between them. */
export function roundEnds(low: number, high: number): { low: number; high: number; ticks: number[] } {
  const span = Math.max(high - low, 1e-6);
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5].find((one) => span / one <= 6) ?? 10 ** Math.ceil(Math.log10(span / 6));
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(6)));
  return { low: first * step, high: last * step, ticks };
}

const at = (x: number, y: number) => `${x.toFixed(1)},${y.toFixed(1)}`;
const pathOf = (spots: readonly Spot[]) => spots.map((spot, i) => `${i ? "L" : "M"}${at(spot.x, spot.y)}`).join("");
const bandOf = (spots: readonly Spot[]) =>
  spots.length < 2 ? "" : `M${[...spots.map((s) => at(s.x, s.high)), ...spots.toReversed().map((s) => at(s.x, s.low))].join("L")}Z`;

/** Whether a curve is being measured, so that its state should be asked for again. */
export const isMeasuring = (state: CurveState | undefined): boolean =>
  state !== undefined && ["starting", "waiting", "running"].includes(state.status);

/** Return what is going on, in words; null when nothing is. */
export function measuringWords(state: CurveState): string | null {
  switch (state.status) {
    case "starting":
      return "Starting its process";
    case "waiting":
      return "Waits for a run that trains";
    case "running": {
      const left = state.seconds_left === null ? "" : ` · about ${formatSeconds(state.seconds_left)} left`;
      return `${state.done} of ${state.total} runs done${state.at ? ` · ${state.at}` : ""}${left}`;
    }
    default:
      return null;
  }
}

/** Read shares as a person writes them: "5, 10, 25 %" is [0.05, 0.1, 0.25]; null when that cannot be. */
export function readShares(text: string): number[] | null {
  const parts = text.replaceAll("%", " ").split(/[\s,;]+/).filter(Boolean);
  const shares = parts.map((part) => Number(part) / 100);
  const isSound = shares.length > 0 && shares.length <= 20 && shares.every((share) => share > 0 && share <= 1);
  return isSound ? [...new Set(shares)].sort((a, b) => a - b) : null;
}

/** Write shares as a person reads them: "5, 10, 25". */
export const showShares = (shares: readonly number[]): string => shares.map((share) => Number((100 * share).toFixed(4))).join(", ");

/** Return how many labels scratch needs at a number of labels of transfer, in words. */
export function neededWords(curve: LearningCurve, num_labels: number): string {
  const found = curve.needed.find((one) => one.num_labels === num_labels);
  if (!found) return "";
  return found.needed === null ? "more than measured" : formatExact(found.needed);
}
