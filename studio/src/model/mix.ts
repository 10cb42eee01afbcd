/** Score along the line from where a run's training began to where it ended. */
import type { AveragedRun, Interval, MixCurve, MixPoint } from "../api/types";
import { formatNumber, formatPercent } from "./format";
import { axisOf } from "./scores";
import { isShare } from "./told";

/** Return a place as it stands on the axis. */
export const placeWords = (t: number): string => String(Number(t.toFixed(3)));

/** Return the axis of the scores: shares from the last whole tenth below the intervals to the first one above. */
export function rangeOf(curve: MixCurve): [number, number] {
  const found = curve.points.flatMap((point) => [point.validation, point.test]).filter((one): one is Interval => one !== null);
  if (!isShare(curve.score) || found.length === 0) return axisOf(curve.score, found);
  const low = Math.floor(Math.min(...found.map((one) => one.low)) * 10) / 10;
  const high = Math.ceil(Math.max(...found.map((one) => one.high)) * 10) / 10;
  return [Math.max(0, low), Math.min(1, Math.max(high, low + 0.2))];
}

/** Return what a place is, if it is anything in particular. */
export function roleOf(curve: MixCurve, t: number): string {
  const roles = [t === 0 ? "the start" : "", t === 1 ? "the run" : "", t === curve.chosen_t ? "best on validation" : ""];
  return roles.filter(Boolean).join(", ");
}

/** Say in one sentence what validation chose, and what the test images say of it. */
export function choiceWords(curve: MixCurve): string {
  const chosen = curve.points.find((point) => point.t === curve.chosen_t);
  const end = curve.points.find((point) => point.t === 1);
  if (!chosen) return "Nothing chooses: there are no validation images.";
  if (chosen.t === 1) return "Validation chooses the run as it is.";
  const what = chosen.t === 0 ? "the start" : `t = ${placeWords(chosen.t)}`;
  return `Validation chooses ${what}.${gainWords(curve, chosen, end)}`;
}

function gainWords(curve: MixCurve, chosen: MixPoint, end: MixPoint | undefined): string {
  if (!chosen.test || !end?.test) return "";
  const gain = chosen.test.value - end.test.value;
  const size = isShare(curve.score) ? `${formatNumber(Math.abs(100 * gain))} points` : formatNumber(Math.abs(gain));
  if (gain === 0) return " On the test images it scores as the run does.";
  return ` On the test images, which chose nothing, it is ${size} ${gain > 0 ? "above" : "below"} the run.`;
}

/** Say how the weights of an averaged run came about. */
export function averagedWords(averaged: AveragedRun): string {
  if (averaged.method === "mix") {
    const by = averaged.chosen_by ? `; validation ${averaged.chosen_by.replaceAll("_", " ")} chose the place` : "";
    return `Mixed, not trained: ${formatPercent(averaged.t, 0)} of the way from the start to the end of a run${by}.`;
  }
  if (averaged.parents.length === 1) return "Averaged, not trained: no other run helped on validation, so that it is the best run alone.";
  const kind = averaged.method === "greedy" ? "the runs that help on validation" : "all runs";
  return `Averaged, not trained: the mean of ${kind}, ${averaged.parents.length} in number.`;
}

/** Say what became of batch-norm statistics. */
export function statisticsWords(averaged: AveragedRun): string {
  if (averaged.batch_norm === "reestimated") return `The statistics of ${averaged.reestimated_layers} batch-norm layers were re-estimated on the training images.`;
  if (averaged.batch_norm === "averaged") return "Statistics of layers that cannot be re-estimated were averaged as weights are.";
  return "Batch-norm statistics are the same in all parents.";
}
