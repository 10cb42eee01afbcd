/** Bases ranked before training: in what order, in what words, and how one of them gets into the flow. */
import type { Flow, Interval, RankedBase, Ranking, RankMeasure } from "../api/types";
import { nodeOf, setSettings } from "./edits";
import { formatPercent, formatPlural } from "./format";

/** Settings of a backbone that name layers or stages of the base it has. */
const OF_A_BASE = { cut: "cut", last_stage: "last stage", skip_stages: "skips", freeze: "frozen layers", unfreeze: "freed layers" } as const;

/** Rows by a measure, best first: those without it after those with it, those that failed last. */
export function orderedBy(ranking: Ranking, by: RankMeasure): RankedBase[] {
  const group = (row: RankedBase) => (row.problem !== null ? 2 : row.scores[by] === undefined ? 1 : 0);
  return [...ranking.bases].sort((a, b) => group(a) - group(b) || (b.scores[by] ?? 0) - (a.scores[by] ?? 0));
}

/** Measures that at least one base has a number for. */
export const measuresOf = (ranking: Ranking): Ranking["measures"] => ranking.measures.filter(({ name }) => ranking.bases.some((row) => row.scores[name] !== undefined));

export const wordsOf = (ranking: Ranking, measure: RankMeasure): string => ranking.measures.find(({ name }) => name === measure)?.words ?? measure;

const isScored = (measure: RankMeasure): boolean => measure === "linear" || measure === "knn" || measure === "nearest_mean";

/** A value of a measure as it is written: shares in per cent, R² and nats plain. */
export function showValue(ranking: Ranking, measure: RankMeasure, value: number): string {
  if (isScored(measure) && ranking.score_name !== "r2") return formatPercent(value);
  return value.toFixed(isScored(measure) ? 2 : 3).replace(/^-/, "−");
}

/** A score with its interval: "87.3 % (84.1 % to 90 %)". */
export const intervalText = (ranking: Ranking, measure: RankMeasure, { value, low, high }: Interval): string =>
  `${showValue(ranking, measure, value)} (${showValue(ranking, measure, low)} to ${showValue(ranking, measure, high)})`;

/** Ends of the axis that all intervals of a ranking fit on. */
export function scoreAxis(ranking: Ranking): [number, number] {
  const found = ranking.bases.flatMap((row) => Object.values(row.intervals));
  const low = Math.min(ranking.chance, ...found.map((one) => one.low));
  const high = Math.max(ranking.chance + 0.05, ...found.map((one) => one.high));
  return [Math.max(ranking.score_name === "r2" ? -1 : 0, Math.floor(low * 10) / 10), Math.min(1, Math.ceil(high * 10) / 10)];
}

/** Measures that would choose another base than the one that is first by `by`, in a sentence; null where there is none. */
export function disagreement(ranking: Ranking, by: RankMeasure): string | null {
  const first = ranking.picks[by];
  if (!first) return null;
  const others = measuresOf(ranking).filter(({ name }) => ranking.picks[name] !== undefined && ranking.picks[name] !== first);
  if (others.length === 0) return `All measures choose ${shortName(first)}.`;
  const told = others.map(({ name, words }) => `${words} would choose ${shortName(ranking.picks[name] ?? "")}`);
  return `${wordsOf(ranking, by)} chooses ${shortName(first)}; ${told.join(", ")}.`;
}

/** A base id without the folders of its file: "file:lite1.safetensors". */
export function shortName(base: string): string {
  const control = base.startsWith("random:") ? "random:" : "";
  const rest = base.slice(control.length);
  if (!rest.startsWith("file:")) return base;
  const [path = "", architecture] = rest.slice(5).split("@");
  const file = path.split(/[\\/]/).at(-1) ?? path;
  return `${control}file:${file}${architecture ? ` (${architecture})` : ""}`;
}

/** How many images were looked at and how they were scored. */
export function protocolWords(ranking: Ranking): string {
  const looked = formatPlural(ranking.num_images, "training and validation image");
  const how = ranking.protocol === "validation" ? "probes are scored on the validation images" : "probes are scored in folds, each image by one that did not see it";
  return `Each base looked at ${looked} once; ${how}. Test images were left alone.`;
}

export type Exchange = { flow: Flow; node: string | null; taken: string[] };

/** The flow with another base in its first backbone; what was said of single layers and stages of the old one goes, and is named. */
export function withBase(flow: Flow, base: string): Exchange {
  const found = flow.nodes.find(({ component }) => component === "backbone");
  const node = found ? nodeOf(flow, found.id) : null;
  if (!node) return { flow, node: null, taken: [] };
  if (node.settings["base"] === base) return { flow, node: node.id, taken: [] };
  const isSaid = (name: string) => {
    const value = node.settings[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
  };
  const taken = Object.entries(OF_A_BASE).flatMap(([name, words]) => (isSaid(name) ? [words] : []));
  const cleared = Object.fromEntries(Object.keys(OF_A_BASE).map((name) => [name, undefined]));
  return { flow: setSettings(flow, node.id, { base, ...cleared }), node: node.id, taken };
}

/** What a correlation of ranks says, with how easily chance gives it. */
export function chanceWords(kendall: number | null, chance: number | null): string {
  if (kendall === null || chance === null) return "too few bases";
  return `τ ${kendall.toFixed(2).replace("-", "−")}, p ${chance < 0.001 ? "< 0.001" : chance.toFixed(3)}`;
}
