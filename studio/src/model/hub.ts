/** What of a project the hub shows: searched, and narrowed by a chosen data set and a chosen flow. */
import type { FlowCard, Hub, RunCard } from "../api/types";

export type HubChoice = { text: string; source: string | null; flow: string | null };
export type HubPart = {
  sources: Hub["sources"];
  flows: readonly FlowCard[];
  runs: readonly RunCard[];
};

const holds = (text: string, ...parts: readonly (string | null | undefined)[]): boolean => {
  const all = parts.filter(Boolean).join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).filter(Boolean).every((word) => all.includes(word));
};

/** Return what fits the choice. A data set narrows flows and runs, a flow narrows runs; the words search all three. */
export function chosenPart(hub: Hub, { text, source, flow }: HubChoice): HubPart {
  const ofSource = hub.flows.filter((card) => source === null || card.source === source);
  const names = new Set(ofSource.map((card) => card.name));
  const isOf = (run: RunCard) =>
    flow !== null ? run.name === flow : source === null || run.source === source || (run.name !== null && names.has(run.name));
  return {
    sources: hub.sources.filter((item) => holds(text, item.title, item.source, ...item.flows)),
    flows: ofSource.filter((card) => holds(text, card.name, card.title, card.source, card.base)),
    runs: hub.runs.filter((run) => isOf(run) && holds(text, run.name, run.id, run.base, run.strategy, run.source, run.note, run.status)),
  };
}

/** Return the best score among the runs of a flow; those of another kind of score are not compared. */
export function bestScore(runs: readonly RunCard[], flow: string): RunCard | null {
  const scored = runs.filter((run) => run.name === flow && run.score && run.score_name);
  const kind = scored[0]?.score_name;
  const same = scored.filter((run) => run.score_name === kind);
  const isLess = kind ? LESS_IS_BETTER.has(kind) : false;
  return same.reduce<RunCard | null>((best, run) => {
    if (!best?.score || !run.score) return run;
    return isLess === run.score.value < best.score.value ? run : best;
  }, null);
}

const LESS_IS_BETTER = new Set(["loss", "log_loss", "mae", "rmse"]);
