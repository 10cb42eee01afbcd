import { useCallback, useMemo } from "react";

import type { BaseCard, CutTable } from "../../api/types";
import {
  type Choice,
  type Freezing,
  type LayerState,
  type Rules,
  type StageState,
  choicesOf,
  freezingOf,
  indexOfCut,
  resolveCut,
  stageStates,
  totals,
} from "../../model/boundary";
import { nodeOf, setSettings } from "../../model/edits";
import { formatCount } from "../../model/format";
import { resetStage, rulesUpTo, setFrozen } from "../../model/freeze_edits";
import { withOnlyStages } from "../../model/only_stages";
import { useBase, useCodePlan, useCutTable, useDraft } from "../../store/cuts";
import { edit, useDoc, useOpen } from "../../store/doc";
import { useToasts } from "../../store/toast";

const NONE: Freezing = { strategy: "head_only", cut: null, freeze: [], unfreeze: [] };

export type Boundary = {
  node: string;
  isCode: boolean;
  card: BaseCard | undefined;
  whole: BaseCard | undefined;
  error: Error | null;
  isBusy: boolean;
  again: () => void;
  freezing: Freezing;
  table: CutTable | null;
  whyNoCosts: string | null;
  isCounting: boolean;
  /** The costs are those of the flow before the last edit; new ones are on their way. */
  areCostsOld: boolean;
  choices: readonly Choice[];
  /** Number of stages on the frozen side: where the handle is. */
  index: number;
  choice: Choice | undefined;
  states: readonly StageState[];
  sums: { frozen: number; trainable: number };
  /** "7 of 9 stages frozen; 0.9 M trainable". */
  words: string;
  isDragging: boolean;
  show: (index: number | null) => void;
  commit: (index: number) => void;
  toggle: (stage: string, layer: string | null, frozen: boolean) => void;
  reset: (stage: string) => void;
};

/** Everything about the opened base of a node: what is in it, where the boundary is, and how to move it. */
export function useBoundary(id: string): Boundary {
  const node = useDoc((state) => nodeOf(state.flow, id));
  const flowKey = useOpen((state) => state.active) ?? "";
  const isCode = node?.component === "custom";
  const { card, whole, error, isBusy, again } = useBase(id);
  const { table: found, why: whyNoCosts, isBusy: isCounting, isOld: areCostsOld } = useCutTable(id);
  // A table of other stages says nothing about these.
  const table = found && card && found.cuts.length === card.stages.length + 1 ? found : null;
  const plan = useCodePlan(id);
  const draft = useDraft((state) => (state.draft?.node === id && state.draft.flow === flowKey ? state.draft.index : null));

  const freezing = useMemo<Freezing>(() => {
    const own = node ? freezingOf(node.settings) : NONE;
    if (!isCode) return own;
    const asPlanned = new Map((plan?.stages ?? []).map((stage) => [stage.name, stage.is_frozen] as const));
    return { ...own, strategy: "all_layers", cut: null, asPlanned };
  }, [node, isCode, plan]);

  const choices = useMemo(() => (card ? choicesOf(card, table, freezing.strategy) : []), [card, table, freezing.strategy]);
  // What only some stages being retrained amounts to; the rules that edits change stay the node's own.
  const meant = useMemo(() => (card && !isCode ? withOnlyStages(card, freezing) : freezing), [card, freezing, isCode]);
  const saved = useMemo(() => (card ? savedIndex(card, meant, isCode) : 0), [card, meant, isCode]);
  const index = draft ?? saved;
  const states = useMemo(() => {
    if (!card) return [];
    const whileDragged = isCode && draft !== null ? { ...freezing, ...rulesUpTo(card, draft), asPlanned: null } : freezing;
    const shown = draft === null ? meant : whileDragged;
    const all = stageStates(card, index, shown);
    // In code every stage has its name in the rules; only what differs inside of a stage is an exception.
    return isCode ? all.map((state) => (state.held === "partly" ? state : { ...state, hasExceptions: false, layers: state.layers.map(asRule) })) : all;
  }, [card, index, freezing, meant, isCode, draft]);

  const choice = choices[index];
  const own = useMemo(() => totals(states), [states]);
  const sums = choice?.cost && !isCode && !areCostsOld ? { frozen: choice.cost.frozen_parameters, trainable: choice.cost.base_trainable } : own;
  const numFrozen = states.filter((state) => state.held === "frozen" || (state.held === "empty" && states.indexOf(state) < index)).length;
  const words = `${numFrozen} of ${states.length} stages frozen; ${formatCount(sums.trainable)} trainable`;

  const show = useCallback(
    (to: number | null) => useDraft.setState({ draft: to === null ? null : { flow: flowKey, node: id, index: to } }),
    [flowKey, id],
  );
  const commit = useCallback(
    (to: number) => {
      useDraft.setState({ draft: null });
      const found = choices[to];
      if (!card || !found?.isLegal || to === saved) return;
      const label = labelOf(found, card);
      const rules = isCode ? rulesUpTo(card, to) : null;
      const strategy = found.strategy ? { strategy: found.strategy } : {};
      edit(label, (flow) => setSettings(flow, id, rules ? asSettings(rules) : { cut: found.cut, only_stages: undefined, ...strategy }));
      useToasts.getState().announce(label);
    },
    [card, choices, saved, id, isCode],
  );
  const toggle = useCallback(
    (stage: string, layer: string | null, frozen: boolean) => {
      if (!card) return;
      const at = card.stages.findIndex((item) => item.name === stage);
      const rule = meant.asPlanned?.get(stage) ?? at < saved;
      const rules = setFrozen(card, freezing, { stage, layer }, frozen, rule);
      edit(`${frozen ? "Freeze" : "Unfreeze"} ${layer ?? stage} of ${id}`, (flow) => setSettings(flow, id, asSettings(rules)));
    },
    [card, freezing, meant, saved, id],
  );
  const reset = useCallback(
    (stage: string) => {
      if (!card) return;
      edit(`Take back the exceptions in ${stage} of ${id}`, (flow) => setSettings(flow, id, asSettings(resetStage(card, freezing, stage))));
    },
    [card, freezing, id],
  );
  return {
    node: id, isCode, card, whole, error, isBusy, again, freezing, table, whyNoCosts, isCounting, areCostsOld, choices, index, choice,
    states, sums, words, isDragging: draft !== null, show, commit, toggle, reset,
  };
}

const asRule = (state: LayerState): LayerState => ({ ...state, isException: false });

const asSettings = ({ freeze, unfreeze }: Rules): Record<string, unknown> => ({
  freeze: freeze.length ? [...freeze] : undefined,
  unfreeze: unfreeze.length ? [...unfreeze] : undefined,
});

function savedIndex(card: BaseCard, freezing: Freezing, isCode: boolean): number {
  if (!isCode) return indexOfCut(card, resolveCut(card, freezing.strategy, freezing.cut));
  const states = stageStates(card, 0, freezing);
  const first = states.findIndex((state) => state.trainable > 0);
  return first < 0 ? states.length : first;
}

function labelOf({ index, cut }: Choice, card: BaseCard): string {
  if (index === 0) return "Freeze no stage";
  return index === card.stages.length ? `Freeze the whole base, up to ${cut}` : `Freeze up to ${cut}`;
}
