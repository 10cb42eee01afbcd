/** The probe by depth and the drift of a run, as charts and lists want them. */
import type { BaseCard, DepthReport, DriftReport, Flow, Interval, PartDrift, StageDepth } from "../api/types";
import { indexOfCut, strategyAt, type Strategy } from "./boundary";
import { nodeOf, setSettings } from "./edits";
import { formatNumber, formatPercent, formatPlural } from "./format";
import { rulesUpTo } from "./freeze_edits";

/** The name of what the probes are scored by. */
export const measureWords = (report: DepthReport): string => (report.measure === "r2" ? "R²" : "Balanced accuracy");

export const showMeasure = (report: DepthReport, value: number): string => (report.measure === "r2" ? value.toFixed(2) : formatPercent(value));

/** A score with its interval in words: "87.3 % (84.1 % to 90 %)". */
export const scoreText = (report: DepthReport, score: Interval): string =>
  `${showMeasure(report, score.value)} (${showMeasure(report, score.low)} to ${showMeasure(report, score.high)})`;

/** Return the ends of the axis that all scores of a report fit on. */
export function axisOf(report: DepthReport): [number, number] {
  const scores = report.stages.flatMap((stage) => [stage.linear?.score, stage.nearest_mean?.score]).filter((score) => score !== undefined);
  const low = Math.min(report.chance, ...scores.map((score) => score.low));
  const high = Math.max(report.chance + 0.05, ...scores.map((score) => score.high));
  const floor = Math.floor(low * 10) / 10;
  return report.measure === "r2" ? [Math.max(-1, floor), 1] : [Math.max(0, floor), Math.min(1, Math.ceil(high * 10) / 10)];
}

/** How the scores came about, in a sentence. */
export function protocolWords(report: DepthReport): string {
  const fitted = formatPlural(report.num_fitted, "image");
  if (report.protocol === "validation") return `Fitted on ${fitted} of training, scored on ${formatPlural(report.num_scored, "validation image")}.`;
  return `Scored on ${formatPlural(report.num_scored, "training and validation image")} in ${report.num_folds} folds; each by a probe that did not see it.`;
}

/** What the report advises, in a sentence. */
export function adviceWords(report: DepthReport): string {
  const { best, cut } = report;
  if (best === null) return "No stage could be scored.";
  const why = `${best} is the earliest stage within one standard error of the best linear probe`;
  if (cut === null) return `${why}; the base cannot be cut there or later.`;
  return cut === best ? `${why}: what comes later adds nothing sure for these labels.` : `${why}; the base can be cut next after ${cut}.`;
}

/** What stands beside a stage in the list of stages. */
export type Beside = { text: string; title: string; isBest: boolean };

/** Return the linear probe's score beside each stage. */
export function besideDepth(report: DepthReport): Map<string, Beside> {
  return new Map(report.stages.flatMap((stage) => (stage.linear ? [[stage.stage, besideStage(report, stage, stage.linear.score)] as const] : [])));
}

function besideStage(report: DepthReport, stage: StageDepth, score: Interval): Beside {
  const isBest = stage.stage === (report.cut ?? report.best);
  const title = `Linear probe: ${measureWords(report).toLowerCase()} ${scoreText(report, score)}${isBest ? "; the best place to cut" : ""}`;
  return { text: showMeasure(report, score.value), title, isBest };
}

/** Return how far each stage moved, to stand beside it. */
export function besideDrift(report: DriftReport): Map<string, Beside> {
  return new Map(report.parts.flatMap((part) => (part.role === "base" ? [[part.name, { text: moveText(part), title: driftTitle(part), isBest: false }] as const] : [])));
}

/** How far a part moved, short. */
export function moveText(part: PartDrift): string {
  if (part.state === "no_parameters") return "–";
  if (part.moved_tensors === 0) return "unmoved";
  return part.movement === null ? "moved" : `moved ${formatPercent(part.movement, 2)}`;
}

export function driftTitle(part: PartDrift): string {
  const cka = part.cka ? `; features alike (CKA): ${ckaText(part)}` : "";
  return `${formatPlural(part.moved_tensors, "tensor")} of ${part.num_tensors} moved${cka}`;
}

export const ckaText = (part: PartDrift): string => (part.cka ? formatNumber(Math.floor(part.cka.value * 10_000) / 10_000) : "–");

/** Return a flow with the base of a node cut after a stage; code, which has no cut, gets rules instead. */
export function withCut(flow: Flow, node: string, card: BaseCard, cut: string): Flow {
  const found = nodeOf(flow, node);
  if (!found) return flow;
  if (found.component !== "backbone") {
    const { freeze, unfreeze } = rulesUpTo(card, indexOfCut(card, cut));
    return setSettings(flow, node, { freeze: [...freeze], unfreeze: [...unfreeze] });
  }
  const present = (typeof found.settings["strategy"] === "string" ? found.settings["strategy"] : "head_only") as Strategy;
  return setSettings(flow, node, { cut, strategy: strategyAt(card, cut, present) });
}

/** Whether two flows train the same thing: all but names, places and words. */
export function trainsTheSame(one: Flow, other: Flow): boolean {
  return essence(one) === essence(other);
}

const essence = (flow: Flow): string =>
  JSON.stringify([
    flow.nodes.map(({ id, component, settings, is_bypassed }) => sorted({ id, component, settings: sorted(settings), is_bypassed })),
    flow.edges,
    sorted(flow.recipe),
  ]);

const sorted = (value: object): [string, unknown][] => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
