/** The map of a run's images: what colors mean, what a legend hides, and rows for the panels. */
import type { EmbeddingMap, PredictionRow } from "../api/types";
import { formatPercent } from "./format";
import { type Ink, plainInk } from "./ink";
import { type Window, windowOf } from "./scatter";

export type Coloring = "label" | "predicted" | "error" | "confidence" | "split" | "domain";
export type Entry = { name: string; ink: Ink; count: number };
/** For each point the number of its entry. */
export type Legend = { entries: readonly Entry[]; codes: Uint8Array };
export type Weights = "pretrained" | "trained";

const GRAY: Ink = { token: "--control" };
const BINS = 5;
/** Codes are bytes; what is past them shares the last one. */
const MOST_ENTRIES = 255;

/** The colorings that tell something about this map, in words. */
export function colorings(map: EmbeddingMap): readonly (readonly [Coloring, string])[] {
  const { points } = map;
  const all: readonly (readonly [Coloring, string, boolean])[] = [
    ["label", "Label", map.labels.length > 0],
    ["error", "Right or wrong", points.is_wrong.some((value) => value !== null)],
    ["predicted", "Predicted label", points.predicted.some((value) => value >= 0)],
    ["confidence", "Confidence", points.confidence.some((value) => value !== null)],
    ["split", "Split", true],
    ["domain", "Source", map.domains.length > 1],
  ];
  return all.flatMap(([name, words, isUseful]) => (isUseful ? [[name, words] as const] : []));
}

/** Return what the colors mean, and the color of each point. */
export function legendOf(map: EmbeddingMap, by: Coloring): Legend {
  const { points } = map;
  switch (by) {
    case "label":
      return named(points.label, map.labels, "No label");
    case "predicted":
      return named(points.predicted, map.labels, "Not predicted");
    case "split":
      return counted(points.split.map((at) => (at < 0 ? 3 : at)), [
        ["Training", { token: "--accent" }],
        ["Validation", { token: "--trainable" }],
        ["Test", { token: "--port-image" }],
        ["No split", GRAY],
      ]);
    case "domain":
      return counted(points.domain, map.domains.map((domain, at) => [domain.name, plainInk(at)]));
    case "error":
      return counted(points.is_wrong.map((wrong) => (wrong === null ? 2 : wrong ? 1 : 0)), [
        ["Right", { token: "--ok" }],
        ["Wrong", { token: "--error" }],
        ["Not predicted", GRAY],
      ]);
    case "confidence":
      return confidenceLegend(points.confidence);
  }
}

function named(values: readonly number[], names: readonly string[], nothing: string): Legend {
  const last = Math.min(names.length, MOST_ENTRIES - 1);
  const entries = names.slice(0, last).map((name, at) => [name, plainInk(at)] as const);
  if (names.length > last) entries.push(["Other labels", { token: "--text2" }]);
  const none = entries.length;
  return counted(values.map((value) => (value < 0 ? none : Math.min(value, last))), [...entries, [nothing, GRAY]]);
}

function confidenceLegend(values: readonly (number | null)[]): Legend {
  const known = values.filter((value) => value !== null);
  const isShare = known.every((value) => value >= 0 && value <= 1);
  const low = isShare ? 0 : least(known);
  const high = isShare ? 1 : -least(known.map((value) => -value));
  const width = (high - low) / BINS || 1;
  const words = (at: number) => {
    const [from, to] = [low + at * width, low + (at + 1) * width];
    return isShare ? `${formatPercent(from, 0)} to ${formatPercent(to, 0)}` : `${from.toPrecision(3)} to ${to.toPrecision(3)}`;
  };
  const ramp = Array.from({ length: BINS }, (_, at) => [words(at), { token: "--trainable", into: "--accent", share: at / (BINS - 1) }] as const);
  const codes = values.map((value) => (value === null ? BINS : Math.min(BINS - 1, Math.max(0, Math.floor((value - low) / width)))));
  return counted(codes, [...ramp, ["Not predicted", GRAY]]);
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);

function counted(codes: readonly number[], entries: readonly (readonly [string, Ink])[]): Legend {
  const counts = new Array<number>(entries.length).fill(0);
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return { codes: Uint8Array.from(codes), entries: entries.map(([name, ink], at) => ({ name, ink, count: counts[at] ?? 0 })) };
}

/** Points with what is hidden taken off the field: what is no number is neither drawn nor found. */
export function shownPoints(side: EmbeddingMap["sides"][number], codes: Uint8Array, hidden: ReadonlySet<number>): { x: Float32Array; y: Float32Array } {
  const keep = (values: readonly number[]) => Float32Array.from(values, (value, at) => (hidden.has(codes[at] ?? 0) ? NaN : value));
  return { x: keep(side.x), y: keep(side.y) };
}

/** The window that shows both sides, so that going from one to the other moves nothing else. */
export function windowOfSides(map: EmbeddingMap): Window {
  const values = (name: "x" | "y") => Float32Array.from(map.sides.flatMap((side) => side[name]));
  return windowOf({ x: values("x"), y: values("y") });
}

/** Return the side with these weights, or the one that stands for both. */
export function sideOf(map: EmbeddingMap, weights: Weights): EmbeddingMap["sides"][number] | undefined {
  return map.sides.find((side) => side.weights === weights) ?? map.sides[0];
}

/** What the axes show. */
export function axesOf(map: EmbeddingMap, weights: Weights): { x: string; y: string } {
  if (map.method === "umap") return { x: "UMAP 1", y: "UMAP 2" };
  const explained = sideOf(map, weights)?.explained;
  // The later side is turned over the earlier one: its axes are mixtures of its components.
  if (!explained || (map.sides.length > 1 && map.sides[0]?.weights !== weights)) return { x: "PCA 1, turned", y: "PCA 2, turned" };
  return { x: `PCA 1 (${formatPercent(explained[0])} of the variance)`, y: `PCA 2 (${formatPercent(explained[1])})` };
}

/** Return a point of the run's own images as the row that panels of predictions show. */
export function rowAt(map: EmbeddingMap, index: number): PredictionRow {
  const { points } = map;
  const name = (at: number | undefined) => (at === undefined || at < 0 ? null : (map.labels[at] ?? null));
  return {
    key: points.keys[index] ?? "",
    digest: points.digests[index] ?? "",
    split: map.splits[points.split[index] ?? -1] ?? "",
    label: name(points.label[index]),
    predicted: name(points.predicted[index]),
    probability: name(points.predicted[index]) === null ? null : (points.confidence[index] ?? null),
    label_probability: null,
    loss: null,
    probabilities: {},
    values: {},
    label_values: {},
  };
}

/** Whether a point is one of the run's own images, which can be corrected. */
export const isOwn = (map: EmbeddingMap, index: number): boolean => map.points.domain[index] === 0;

/** Return where images of the run lie on the map, by key. */
export function placesByKey(map: EmbeddingMap): ReadonlyMap<string, number> {
  return new Map(map.points.keys.flatMap((key, at) => (isOwn(map, at) ? [[key, at] as const] : [])));
}
