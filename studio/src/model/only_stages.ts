/** Surgical choice: the stages that are named move, all others stay. As the engine compiles it to a cut. */
import type { BaseCard } from "../api/types";
import { type Freezing, INPUT_CUT, isWithin } from "./boundary";

const withParameters = (card: BaseCard) => card.stages.filter((stage) => stage.num_parameters > 0);

/** Return the names of the stages that patterns name, in order. */
export function namedStages(card: BaseCard, patterns: readonly string[]): string[] {
  return card.stages.filter((stage) => patterns.some((pattern) => isWithin(stage.name, pattern))).map((stage) => stage.name);
}

/** Return freezing with its cut, and what each stage is, when only some stages are retrained; else as it was. */
export function withOnlyStages(card: BaseCard, freezing: Freezing): Freezing {
  const chosen = new Set(namedStages(card, freezing.onlyStages ?? []));
  const first = card.stages.findIndex((stage) => chosen.has(stage.name));
  if (first < 0) return freezing;
  const before = card.stages.slice(0, first).findLast((stage) => stage.cut_is_legal);
  const asPlanned = new Map(card.stages.map((stage) => [stage.name, !chosen.has(stage.name)] as const));
  return { ...freezing, cut: before?.name ?? INPUT_CUT, asPlanned };
}

/** Return the settings that take a stage into the choice or out of it; the last one out ends the choice. */
export function toggleOnly(card: BaseCard, freezing: Freezing, stage: string, isWanted: boolean): Record<string, unknown> {
  const now = new Set(namedStages(card, freezing.onlyStages ?? []));
  if (isWanted) now.add(stage);
  else now.delete(stage);
  const names = withParameters(card).map((item) => item.name).filter((name) => now.has(name));
  if (names.length === 0) return { only_stages: undefined };
  const holdsSome = ["some_layers", "most_layers", "probe_then_tune"].includes(freezing.strategy);
  return { only_stages: names, cut: undefined, ...(holdsSome ? {} : { strategy: "some_layers" }) };
}
