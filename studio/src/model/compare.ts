/** How flows and recipes of runs differ, setting by setting. */
import type { Flow, RunCard } from "../api/types";

export type Difference = {
  /** "head · dropout", or "recipe · epochs". */
  what: string;
  /** The value of each flow, in words; null where the flow has none. */
  values: (string | null)[];
};

/** Return everything that is not the same in all flows. Titles, places and groups say nothing about a run. */
export function differences(flows: readonly (Flow | null)[]): Difference[] {
  const tables = flows.map((flow) => (flow ? facts(flow) : new Map<string, string>()));
  const names = [...new Set(tables.flatMap((table) => [...table.keys()]))];
  return names
    .map((what) => ({ what, values: tables.map((table) => table.get(what) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

function facts(flow: Flow): Map<string, string> {
  const found = new Map<string, string>();
  for (const node of flow.nodes) {
    found.set(node.id, node.is_bypassed ? `${node.component}, bypassed` : node.component);
    for (const [name, value] of Object.entries(node.settings)) found.set(`${node.id} · ${name}`, show(value));
  }
  for (const edge of flow.edges) {
    found.set(`${edge.target.node}.${edge.target.port} takes`, `${edge.source.node}.${edge.source.port}`);
  }
  for (const [name, value] of Object.entries(flow.recipe)) found.set(`recipe · ${name}`, show(value));
  return found;
}

const LONGEST = 120;

/** Return a value of a setting in words. */
export function show(value: unknown): string {
  if (value === null || value === undefined || value === "") return "not set";
  if (Array.isArray(value)) return value.length > 6 ? `${value.length} entries` : value.map(show).join(", ") || "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object") {
    const entries = Object.entries(value);
    if (entries.length > 6) return `${entries.length} entries`;
    return entries.map(([name, one]) => `${name}: ${show(one)}`).join("; ") || "none";
  }
  const text = String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

export type SortKey = "name" | "status" | "score" | "seconds" | "created" | "base" | "strategy" | "source" | "proof_holds";
export type Order = { by: SortKey; isDown: boolean };

/** Return runs that fit a search and a status, in order; runs without a value come last. */
export function chosenRuns(runs: readonly RunCard[], text: string, status: string, order: Order): RunCard[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = runs.filter((run) => {
    const all = [run.id, run.name, run.base, run.strategy, run.source, run.note, run.status].join(" ").toLowerCase();
    return (status === "" || run.status === status) && words.every((word) => all.includes(word));
  });
  const sign = order.isDown ? -1 : 1;
  return fits
    .map((run, index) => ({ run, index, value: sortValue(run, order.by) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null) || a.index - b.index;
      return sign * (a.value < b.value ? -1 : a.value > b.value ? 1 : 0) || a.index - b.index;
    })
    .map(({ run }) => run);
}

function sortValue(run: RunCard, by: SortKey): string | number | null {
  if (by === "score") return run.score?.value ?? null;
  if (by === "proof_holds") return run.proof_holds === null ? null : Number(run.proof_holds);
  if (by === "seconds") return run.seconds;
  return run[by];
}
