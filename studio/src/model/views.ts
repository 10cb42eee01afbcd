/** Previews in words: captions, descriptions for screen readers, rows of tables. */
import type { PreviewDocument, SamplePreview, TensorStats, View } from "../api/types";
import { formatExact, formatNumber, formatPercent, formatPlural, formatShape } from "./format";

export const pictureUrl = (project: string, name: string): string =>
  `/api/projects/${encodeURIComponent(project)}/pictures/${name}.png`;

/** The picture of a view, where it has one. */
export function pictureOf(view: View): string | null {
  if (view.view === "image" || view.view === "mask") return view.picture;
  return view.view === "maps" ? view.sheet : null;
}

export const labelOf = (sample: SamplePreview): string => sample.label.join(", ");
/** What stands under a sample: its label, or its name where it has none. */
export const captionOf = (sample: SamplePreview): string => labelOf(sample) || sample.key;

const SPLIT_WORDS: Record<string, string> = { train: "training", validation: "validation", test: "test" };
export const splitWord = (split: string | null | undefined): string => (split ? (SPLIT_WORDS[split] ?? split) : "in no split");

export type Verdict = { tone: "ok" | "error" | "plain"; word: string };

/** Say whether a prediction is right. */
export function verdictOf(isRight: boolean | null | undefined): Verdict {
  if (isRight === null || isRight === undefined) return { tone: "plain", word: "no label" };
  return isRight ? { tone: "ok", word: "right" } : { tone: "error", word: "wrong" };
}

/** Say in one sentence what a view shows: the text in place of the picture. */
export function describeView(sample: SamplePreview): string {
  return `${sample.key}${labelOf(sample) ? `, labeled ${labelOf(sample)}` : ""}: ${inWords(sample.view)}`;
}

function inWords(view: View): string {
  switch (view.view) {
    case "image":
      return `image of ${view.width} × ${view.height} pixels`;
    case "maps":
      return `${formatPlural(view.num_channels, "channel")} of ${view.width} × ${view.height}, ${rangeOf(view.stats)}`;
    case "vector":
      return `${formatPlural(view.size, "value")}, ${rangeOf(view.stats)}`;
    case "scores":
    case "objective": {
      const first = view.top[0];
      const words = view.predicted.length ? `predicted ${view.predicted.join(", ")}` : "nothing predicted";
      const sure = first && first.probability !== null ? ` (${formatPercent(first.probability)})` : "";
      const loss = view.view === "objective" ? `, loss ${formatNumber(view.loss)}` : "";
      return `${words}${sure}, ${verdictOf(view.is_right).word}${loss}`;
    }
    case "labels":
      return `label ${labelsText(view)}`;
    case "mask":
      return `mask with ${formatPlural(Object.keys(view.shares).length, "class", "classes")}`;
    case "values":
      return view.values.map(valueText).join(", ");
  }
}

type Labels = Extract<View, { view: "labels" }>;

/** Names of labels, with the share of each where it is not whole. Shares come for all classes, names for the larger half. */
export function labelsText({ names, shares }: Labels): string {
  const large = shares.filter((share): share is number => share !== null && share >= 0.5);
  const parts = names.map((name, at) => ((large[at] ?? 1) < 1 ? `${name} ${formatPercent(large[at])}` : name));
  return parts.join(", ") || (shares.length ? "no class with half or more" : "no label");
}

export const valueText = (value: number | string | null): string =>
  typeof value === "string" ? value : formatNumber(value);

export const rangeOf = (stats: TensorStats): string => `${formatNumber(stats.min)} to ${formatNumber(stats.max)}`;

/** What should worry: values that are no numbers, dead channels. */
export function warningsOf(stats: TensorStats): string[] {
  const found: string[] = [];
  if (stats.num_nan) found.push(`${formatPlural(stats.num_nan, "value")} not a number (NaN)`);
  if (stats.num_infinite) found.push(`${formatPlural(stats.num_infinite, "value")} infinite`);
  if (stats.min !== null && stats.min === stats.max) found.push("All values are the same");
  return found;
}

/** Rows of a table that says what statistics say. */
export function statRows(stats: TensorStats): [string, string][] {
  const rows: [string, string][] = [
    ["range", rangeOf(stats)],
    ["mean", formatNumber(stats.mean)],
    ["deviation", formatNumber(stats.std)],
    ["zeros", formatPercent(stats.zero_share)],
  ];
  if (stats.constant_channel_share)
    rows.push(["constant channels", `${formatPercent(stats.constant_channel_share)} have one value for all samples`]);
  return rows;
}

/** The chart of a view as a table: heads, and rows of text. Null where there is no chart. */
export function tableOf(view: View): { heads: string[]; rows: string[][] } | null {
  switch (view.view) {
    case "vector":
      return view.values.length
        ? { heads: ["position", "value"], rows: view.values.map((value, at) => [String(at), formatNumber(value)]) }
        : {
            heads: ["from", "to", "values"],
            rows: view.histogram.counts.map((count, at) => [
              formatNumber(view.histogram.edges[at]),
              formatNumber(view.histogram.edges[at + 1]),
              formatExact(count),
            ]),
          };
    case "scores":
    case "objective":
      return view.top.length
        ? { heads: ["class", "probability"], rows: view.top.map((item) => [item.name, formatPercent(item.probability)]) }
        : null;
    case "mask":
      return { heads: ["class", "share of pixels"], rows: Object.entries(view.shares).map(([name, share]) => [name, formatPercent(share)]) };
    case "maps":
      return {
        heads: ["channel", "least", "largest", "mean"],
        rows: view.channels.map(({ index, stats }) => [String(index), formatNumber(stats.min), formatNumber(stats.max), formatNumber(stats.mean)]),
      };
    case "labels":
      return view.shares.length ? { heads: ["class", "share"], rows: view.shares.map((share, at) => [`class ${at}`, formatPercent(share)]) } : null;
    default:
      return null;
  }
}

export type Bar = { x: number; width: number; height: number };

/**
 * Bars of a histogram in a box of 1 × 1; the highest bar fills it. Heights go by the square root of the counts:
 * after a ReLU most values are zero, and one bar would leave nothing to see of the others.
 */
export function barsOf(counts: readonly number[]): Bar[] {
  const most = Math.max(1, ...counts);
  const width = 1 / counts.length;
  return counts.map((count, at) => ({ x: at * width, width, height: Math.sqrt(count / most) }));
}

/** Where zero lies between the edges, as a share of the width; null when it lies outside. */
export function zeroAt(edges: readonly number[]): number | null {
  const low = edges[0];
  const high = edges.at(-1);
  if (low === undefined || high === undefined || low >= 0 || high <= 0) return null;
  return -low / (high - low);
}

/** What stands in a node's last line: the shape, and how long it took. */
export function footerOf(document: PreviewDocument): string {
  return formatShape(document.shape);
}

/** Say whose weights are shown. */
export function weightsText(weights: string): string {
  if (weights === "pretrained") return "pretrained weights";
  return weights === "initial" ? "first weights" : `weights of run ${weights}`;
}

/** Whether a run of that status has weights that can be shown. */
export const hasWeights = (status: string): boolean => status === "finished" || status === "stopped";
