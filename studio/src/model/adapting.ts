/** What a report of adaptation shows: lines, gains, points. */
import type { AdaptationReport, AdaptedMethod } from "../api/types";
import { formatPercent } from "./format";

type Interval = NonNullable<AdaptedMethod["gain"]>;

const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(1)}`;

/** A gain in points, with its interval. */
export const gainWords = (gain: Interval | null | undefined): string => (gain ? `${signed(gain.value)} (${signed(gain.low)} to ${signed(gain.high)})` : "–");

export type Tone = "ok" | "error" | "warning" | "plain";

/** What a verdict looks like; a method that gave up telling classes apart is warned of, whatever it scored. */
export function toneOf(method: AdaptedMethod): Tone {
  if (method.is_collapsed) return "warning";
  return method.verdict === "helps" ? "ok" : method.verdict === "harmful" ? "error" : "plain";
}

export const verdictWords = (method: AdaptedMethod): string =>
  [method.is_collapsed ? "collapsed" : "", method.verdict === "unknown" ? "" : method.verdict].filter(Boolean).join(", ");

/** Both lines in one sentence each. */
export function lineWords(report: AdaptationReport): string[] {
  const { target_accuracy: line } = report.source_only;
  if (!line) return [];
  const oracle = report.oracle ? [`Oracle, which knows the labels: ${formatPercent(report.oracle.value)}`] : [];
  return [`Source only: ${formatPercent(line.value)}`, ...oracle];
}

export type Plane = { x: Float32Array; y: Float32Array; color: Uint8Array; keys: readonly string[]; labels: readonly string[]; domains: readonly string[] };

/** The points of a map, colored by domain (0 source, 1 target) or by class. */
export function planeOf(map: AdaptationReport["maps"][number], classes: readonly string[], by: "domain" | "class"): Plane {
  const { points } = map;
  const place = new Map(classes.map((name, index) => [name, index]));
  return {
    x: Float32Array.from(points, (point) => point.x),
    y: Float32Array.from(points, (point) => point.y),
    color: Uint8Array.from(points, (point) => (by === "domain" ? (point.domain === "source" ? 0 : 1) : (place.get(point.label ?? "") ?? 0))),
    keys: points.map((point) => point.key),
    labels: points.map((point) => point.label ?? ""),
    domains: points.map((point) => point.domain),
  };
}

/** Names of classes that two lists do not share, as text "theirs = ours" lines are read. */
export function readNames(text: string): Record<string, string> {
  const pairs = text
    .split(/[\n,]/)
    .map((line) => line.split("=").map((part) => part.trim()))
    .filter((parts): parts is [string, string] => parts.length === 2 && parts.every(Boolean));
  return Object.fromEntries(pairs);
}
