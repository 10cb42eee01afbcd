/** What is said of doubtful labels, look-alikes and outliers, beside what the flow has corrected since. */
import type { DataQuality, FixEffect, Flow, LookAlike, SampleRow } from "../api/types";
import { formatExact, formatPercent } from "./format";

type Corrections = { excluded: ReadonlySet<string>; relabel: Readonly<Record<string, string>> };
type Named = { key: string; label: string | readonly string[]; split: string | null };

/** A finding's image as the rows of the data are, so that it is corrected like them. */
export function rowOf({ key, label, split }: Named, { excluded }: Pick<Corrections, "excluded">): SampleRow {
  const words = typeof label === "string" ? [label] : [...label];
  return { key, digest: "", label: words, found_label: null, split, width: 0, height: 0, is_excluded: excluded.has(key), problem: null };
}

/** What was done about an image since it was found; null when nothing. */
export function doneAbout(key: string, label: string, { excluded, relabel }: Corrections): string | null {
  if (excluded.has(key)) return "excluded";
  const now = relabel[key];
  return now !== undefined && now !== label ? `labeled ${now}` : null;
}

/** Images of a group that are still in use. */
export const leftOf = (group: LookAlike, { excluded }: Pick<Corrections, "excluded">): string[] =>
  group.keys.filter((key) => !excluded.has(key));

/** What the base was shown, for asking once: all of a flow that the findings depend on. */
export const lookedAt = (flow: Flow): string => JSON.stringify([flow.nodes, flow.edges, flow.recipe]);

/** Findings in one line. */
export function summary(found: DataQuality): string {
  const accuracy = found.accuracy
    ? ` A probe that did not see the images agrees with ${formatPercent(found.accuracy.value)} of the labels (${formatPercent(found.accuracy.low)} to ${formatPercent(found.accuracy.high)}).`
    : "";
  return `${formatExact(found.num_images)} images, as ${found.base} sees them at ${found.stage}.${accuracy}`;
}

/** A difference of shares in percentage points: "+1.4", "−0.9", "0". */
export function points(value: number | null): string {
  if (value === null || Number.isNaN(value)) return "–";
  const rounded = Math.round(1000 * value) / 10;
  if (rounded === 0) return "0";
  return `${rounded > 0 ? "+" : "−"}${Math.abs(rounded)}`;
}

/** Whether a correction helped, in a sentence that claims no more than the interval of the difference. */
export function verdict(change: FixEffect["changes"][number]): string {
  const { value, low, high } = change.difference;
  if (low > 0) return "better";
  if (high < 0) return "worse";
  return value === 0 && low === 0 && high === 0 ? "the same" : "no clear difference";
}

/** Half of an axis on which all differences fit, at least five points. */
export const reach = (changes: FixEffect["changes"]): number =>
  Math.max(0.05, ...changes.flatMap(({ difference }) => [Math.abs(difference.low), Math.abs(difference.high)]));
