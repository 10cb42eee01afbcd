/** When which part of a network is trained: spans of epochs, phase after phase. */
import type { Plan } from "../api/types";
import { phaseWords } from "./told";

/** From `start` to `end`, counted in epochs of the whole training from 0. */
export type Span = { phase: string; start: number; end: number };
export type TimelineRow = { name: string; isNew: boolean; spans: readonly Span[] };
export type Timeline = { epochs: number; phases: readonly Span[]; rows: readonly TimelineRow[] };

const plain = (group: string) => group.replace(/\/plain$/, "");

/** Return the rows of a plan: the main base's stages from the input on, then the other parts that move. */
export function timelineOf(plan: Plan): Timeline {
  const phases: Span[] = [];
  const spans = new Map<string, Span[]>(plan.stages.filter((stage) => stage.num_parameters > 0).map((stage) => [stage.name, []]));
  const stages = new Set(spans.keys());
  let at = 0;
  for (const phase of plan.phases) {
    const end = at + phase.epochs;
    phases.push({ phase: phaseWords(phase.name), start: at, end });
    const begins = new Map(phase.unfreezing.flatMap((step) => step.groups.map((name) => [name, step.epoch] as const)));
    for (const group of phase.groups) {
      const name = plain(group.name);
      const span = { phase: phaseWords(phase.name), start: at + (begins.get(group.name) ?? 1) - 1, end };
      const own = spans.get(name) ?? [];
      if (!own.some((item) => item.start === span.start)) spans.set(name, [...own, span]);
    }
    at = end;
  }
  const rows = [...spans].map(([name, own]) => ({ name, isNew: !stages.has(name), spans: own }));
  return { epochs: at, phases, rows };
}

/** Return a row's spans in words: "epochs 1–20, 23–30". */
export function spanWords(row: TimelineRow): string {
  if (row.spans.length === 0) return "frozen throughout";
  const words = row.spans.map(({ start, end }) => (end - start === 1 ? `${end}` : `${start + 1}–${end}`));
  return `${row.spans.length === 1 && words[0] && !words[0].includes("–") ? "epoch" : "epochs"} ${words.join(", ")}`;
}
