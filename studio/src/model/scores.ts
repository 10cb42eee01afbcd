/** Scores of any kind as rows for tables: name, interval, what a constant answer would give. */
import type { Interval } from "../api/types";
import { formatNumber, formatPercent } from "./format";
import type { AnyScores } from "./runlog";
import { isShare, showScore } from "./told";

export type ScoreRow = { name: string; interval: Interval; baseline: number | null; baselineWords: string };

const no = { baseline: null, baselineWords: "" };

/** Return the row of a score that may be missing. */
const told = (name: string, interval: Interval | null | undefined, baseline: number | null = null): ScoreRow[] =>
  interval && Number.isFinite(interval.value) ? [{ name, interval, baseline, baselineWords: baseline === null ? "" : "guessing" }] : [];

/** Return the rows of one split; the score that stands for all comes first. */
export function scoreRows(scores: AnyScores): ScoreRow[] {
  switch (scores.kind) {
    case "number":
      return [
        { name: "r2", interval: scores.r2, baseline: 0, baselineWords: "saying the training mean" },
        { name: "mae", interval: scores.mae, baseline: scores.baseline_mae, baselineWords: "saying the training mean" },
        { name: "rmse", interval: scores.rmse, baseline: scores.baseline_rmse, baselineWords: "saying the training mean" },
      ];
    case "tags":
      return [
        {
          name: "mean_average_precision",
          interval: scores.mean_average_precision,
          baseline: scores.baseline_average_precision,
          baselineWords: "saying tags by chance",
        },
        { name: "micro_f1", interval: scores.micro_f1, ...no },
        { name: "macro_f1", interval: scores.macro_f1, ...no },
      ];
    case "mask":
      return [
        { name: "mean_iou", interval: scores.mean_iou, ...no },
        { name: "mean_dice", interval: scores.mean_dice, ...no },
        {
          name: "pixel_accuracy",
          interval: scores.pixel_accuracy,
          baseline: scores.majority_accuracy,
          baselineWords: "saying the commonest class",
        },
      ];
    case "anomaly":
      return [
        { name: "auroc", interval: scores.auroc, baseline: 0.5, baselineWords: "guessing" },
        { name: "average_precision", interval: scores.average_precision, baseline: scores.odd_share, baselineWords: "guessing" },
        ...told("pixel_auroc", scores.pixel_auroc, 0.5),
        ...told("recall", scores.recall),
        ...told("false_alarms", scores.false_alarms),
      ];
    default:
      return [
        {
          name: "accuracy",
          interval: scores.accuracy,
          baseline: scores.majority_accuracy,
          baselineWords: "saying the commonest class",
        },
        { name: "balanced_accuracy", interval: scores.balanced_accuracy, ...no },
        { name: "macro_f1", interval: scores.macro_f1, ...no },
        { name: "log_loss", interval: scores.log_loss, ...no },
      ];
  }
}

/** Return an interval in words: "93.1 % (88.2 to 96.0 %)". */
export function intervalWords(name: string, interval: Interval): string {
  if (!isShare(name)) return `${formatNumber(interval.value)} (${formatNumber(interval.low)} to ${formatNumber(interval.high)})`;
  return `${showScore(name, interval.value)} (${formatPercent(interval.low).replace(" %", "")} to ${formatPercent(interval.high)})`;
}

/** Return a difference of two scores: shares differ by points, with their signs. */
export function differenceWords(name: string, { value, low, high }: Interval): string {
  const by = isShare(name) ? 100 : 1;
  const signed = (one: number) => `${one > 0 ? "+" : one < 0 ? "−" : ""}${formatNumber(Math.abs(by * one))}`;
  return `${signed(value)}${isShare(name) ? " points" : ""} (${signed(low)} to ${signed(high)})`;
}

/** Return the ends of the axis that some intervals are drawn on. */
export function axisOf(name: string, intervals: readonly Interval[], baseline: number | null = null): [number, number] {
  if (isShare(name)) return [0, 1];
  const ends = intervals.flatMap((one) => [one.low, one.high, one.value]).concat(baseline ?? []).filter(Number.isFinite);
  const low = Math.min(0, ...ends);
  const high = Math.max(low + 1e-9, ...ends);
  return [low, high + 0.05 * (high - low)];
}

export type PartRow = { name: string; count: number; values: Record<string, Interval | number | null> };
export type PartTable = { what: string; countWords: string; columns: string[]; rows: PartRow[] };

/** Return the scores of each class, tag or number; null for kinds without. */
export function partTable(scores: AnyScores): PartTable | null {
  switch (scores.kind) {
    case "number":
      return {
        what: "Number",
        countWords: "",
        columns: ["mae", "rmse", "r2"],
        rows: scores.columns.map(({ name, mae, rmse, r2 }) => ({ name, count: 0, values: { mae, rmse, r2 } })),
      };
    case "tags":
      return {
        what: "Tag",
        countWords: "Images with it",
        columns: ["precision", "recall", "f1", "average_precision"],
        rows: scores.tags.map(({ name, num_images: count, precision, recall, f1, average_precision }) => ({
          name,
          count,
          values: { precision, recall, f1, average_precision },
        })),
      };
    case "mask":
      return {
        what: "Class",
        countWords: "Pixels",
        columns: ["iou", "dice"],
        rows: scores.classes.map(({ name, num_pixels: count, iou, dice }) => ({ name, count, values: { iou, dice } })),
      };
    case "anomaly":
      return null;
    default:
      return {
        what: "Class",
        countWords: "Images",
        columns: ["precision", "recall", "f1"],
        rows: scores.classes.map(({ name, num_images: count, precision, recall, f1 }) => ({
          name,
          count,
          values: { precision, recall, f1 },
        })),
      };
  }
}

/** Return the number that stands for a value with or without an interval. */
export const plain = (value: Interval | number | null | undefined): number | null =>
  value === null || value === undefined ? null : typeof value === "number" ? value : value.value;

/** Return rows in order of a column; rows without a value come last. */
export function sortedParts(rows: readonly PartRow[], by: string, isDown: boolean): PartRow[] {
  const value = (row: PartRow) => (by === "name" ? row.name : by === "count" ? row.count : plain(row.values[by]));
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return (isDown ? -1 : 1) * (x < y ? -1 : x > y ? 1 : 0);
  });
}
