/** What the evaluation's charts and tables show. */
import type { Calibration, CalibrationBin, Evaluation, Interval, PairedComparison, PartScore, SliceScore } from "../api/types";
import { formatNumber, formatPercent, formatPlural } from "./format";
import type { PartTable } from "./scores";

/** Something drawn over a square: a line, or dots with their intervals. */
export type Plotted = {
  key: string;
  label: string;
  /** Name of a token, such as "--accent". */
  color: string;
  dash?: readonly number[];
  points: readonly (readonly [number, number])[];
  /** Low and high end of each point; makes dots of the points. */
  spans?: readonly (readonly [number, number])[];
};

/** The most curves that can be told apart in one chart. */
export const MOST_CURVES = 6;

/** Return the classes whose curves are shown at first: those that are hardest to tell. */
export function hardest(parts: readonly PartScore[], most = MOST_CURVES): string[] {
  const known = parts.filter((part) => part.auroc !== null);
  return [...known]
    .sort((a, b) => (a.auroc?.value ?? 1) - (b.auroc?.value ?? 1) || a.name.localeCompare(b.name))
    .slice(0, most)
    .map((part) => part.name);
}

export type CurveKind = "roc" | "precision_recall";

/** Return the points of a class's curve as they are drawn. */
export function curvePoints(part: PartScore, kind: CurveKind): [number, number][] {
  const { x, y } = part[kind];
  return x.map((value, index) => [value, y[index] ?? 0]);
}

/** Return the area under a class's curve, which stands beside its name. */
export const areaOf = (part: PartScore, kind: CurveKind): Interval | null => (kind === "roc" ? part.auroc : part.average_precision);

export type Binning = "width" | "mass";

/** Return the bins that hold predictions as points: how sure, how often right. */
export function binPoints(bins: readonly CalibrationBin[]): Pick<Plotted, "points" | "spans"> {
  const full = bins.filter((bin) => bin.confidence !== null && bin.accuracy !== null);
  return {
    points: full.map((bin) => [bin.confidence ?? 0, bin.accuracy?.value ?? 0]),
    spans: full.map((bin) => [bin.accuracy?.low ?? 0, bin.accuracy?.high ?? 1]),
  };
}

/** Return what is drawn of a calibration: before, and after temperature scaling where there is a temperature. */
export function reliability(calibration: Calibration, binning: Binning): Plotted[] {
  const drawn = (key: "before" | "after", label: string, color: string): Plotted[] => {
    const state = calibration[key];
    return state ? [{ key, label, color, ...binPoints(binning === "width" ? state.width_bins : state.mass_bins) }] : [];
  };
  return [...drawn("before", "As it is", "--accent"), ...drawn("after", "After temperature scaling", "--trainable")];
}

/** Return what a temperature says, in words. */
export function temperatureWords({ temperature, num_validation: number, before, after }: Calibration): string {
  if (!temperature) return "";
  const isWorse = after !== null && after.log_loss.value > before.log_loss.value;
  const { value, low, high } = temperature;
  const says = low > 1 ? "the run is too sure of itself" : high < 1 ? "the run is not sure enough" : "no clear change";
  return `Temperature ${formatNumber(value)} (${formatNumber(low)} to ${formatNumber(high)}), fitted on ${formatPlural(number, "validation image")}: ${says}.${isWorse ? " On these images it does not help: their log loss rises." : ""}`;
}

export type SliceRow = SliceScore & { column: string; key: string };

/** Return all slices as rows, the worst against the rest first; what has no rest comes last. */
export function sliceRows(found: Pick<Evaluation, "slices" | "slice_score">): SliceRow[] {
  const sign = found.slice_score === "mae" ? -1 : 1;
  const rows = found.slices.flatMap((column) => column.slices.map((one) => ({ ...one, column: column.name, key: `${column.name}\n${one.name}` })));
  const place = (row: SliceRow) => (row.difference ? sign * row.difference.value : Infinity);
  return rows.sort((a, b) => place(a) - place(b) || a.key.localeCompare(b.key));
}

/** Return a p-value as people read it. */
export function pWords(value: number | null): string {
  if (value === null) return "–";
  return value < 0.001 ? "< 0.001" : value.toFixed(value < 0.1 ? 3 : 2);
}

/** Whether a slice differs from the rest by more than the number of slices explains. */
export const isClear = (row: Pick<SliceScore, "corrected_p_value">): boolean => row.corrected_p_value !== null && row.corrected_p_value < 0.05;

/** Return the scores of each class or tag as a table; null where an evaluation has none. */
export function evaluatedParts(found: Evaluation): PartTable | null {
  if (found.kind !== "category" && found.kind !== "tags") return null;
  return {
    what: found.kind === "tags" ? "Tag" : "Class",
    countWords: found.kind === "tags" ? "Images with it" : "Images",
    columns: ["precision", "recall", "f1", "auroc", "average_precision"],
    rows: found.parts.map(({ name, num_images: count, precision, recall, f1, auroc, average_precision }) => ({
      name,
      count,
      values: { precision, recall, f1, auroc, average_precision },
    })),
  };
}

/** Return what McNemar's test says, in words. */
export function verdictOf(found: Pick<PairedComparison, "p_value" | "difference" | "num_common">): string {
  const { value } = found.difference;
  const points = formatPercent(Math.abs(value));
  if (found.p_value >= 0.05) {
    return `No clear difference: on ${formatPlural(found.num_common, "image")} a gap of ${points} can be chance (p = ${pWords(found.p_value)}).`;
  }
  return `${value > 0 ? "A" : "B"} is better: it tells ${points} more of the images right (p ${found.p_value < 0.001 ? "" : "= "}${pWords(found.p_value)}).`;
}
