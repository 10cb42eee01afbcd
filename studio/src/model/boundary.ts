/** Where the frozen part of a base ends, and which of its layers are exceptions. As the engine decides it. */
import type { BaseCard, CutCost, CutTable, LayerCard, StageCard } from "../api/types";

export const INPUT_CUT = "input";
export type Strategy = CutCost["strategy"];
export type Rules = { freeze: readonly string[]; unfreeze: readonly string[] };
export type Held = "frozen" | "trainable" | "partly" | "empty";

/** Settings of a node, as far as they say what is frozen. */
export type Freezing = Rules & {
  strategy: Strategy;
  cut: string | null;
  /** Stages that are frozen where neither pattern speaks; used for code, which decides by itself. */
  asPlanned?: ReadonlyMap<string, boolean> | null;
  /** Stages that alone are retrained, as names or patterns; none: the cut decides. */
  onlyStages?: readonly string[];
};

export type LayerState = { layer: LayerCard; isFrozen: boolean; isException: boolean };
export type StageState = {
  stage: StageCard;
  held: Held;
  frozen: number;
  trainable: number;
  /** Whether a pattern speaks about the stage or one of its layers. */
  hasExceptions: boolean;
  layers: readonly LayerState[];
};

/** One place where the boundary may stand: after `index` stages. */
export type Choice = {
  cut: string;
  index: number;
  isLegal: boolean;
  whyNot: string | null;
  strategy: Strategy | null;
  cost: CutCost | null;
};

const names = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

/** Read what a node's settings say about freezing. */
export function freezingOf(settings: Readonly<Record<string, unknown>>): Freezing {
  const { strategy, cut } = settings;
  return {
    strategy: (typeof strategy === "string" ? strategy : "head_only") as Strategy,
    cut: typeof cut === "string" ? cut : null,
    freeze: names(settings["freeze"]),
    unfreeze: names(settings["unfreeze"]),
    onlyStages: names(settings["only_stages"]),
  };
}

/** Whether a name is a pattern's own, lies inside of it, or fits its `*`, `?` and `[…]`. */
export function isWithin(name: string, pattern: string): boolean {
  return name === pattern || name.startsWith(`${pattern}.`) || matcher(pattern).test(name);
}

const matchers = new Map<string, RegExp>();

function matcher(pattern: string): RegExp {
  let found = matchers.get(pattern);
  if (!found) {
    found = new RegExp(`^${translate(pattern)}$`, "s");
    matchers.set(pattern, found);
  }
  return found;
}

function translate(pattern: string): string {
  let out = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern.charAt(at);
    if (sign === "*") out += ".*";
    else if (sign === "?") out += ".";
    else if (sign === "[") {
      const end = pattern.indexOf("]", pattern.charAt(at + 1) === "!" ? at + 3 : at + 2);
      if (end < 0) out += "\\[";
      else {
        const inside = pattern.slice(at + 1, end).replace(/[\\\]^[]/g, "\\$&");
        out += inside.startsWith("!") ? `[^${inside.slice(1)}]` : `[${inside}]`;
        at = end;
      }
    } else out += sign.replace(/[.+^${}()|\\\]]/g, "\\$&");
  }
  return out;
}

const speaks = (patterns: readonly string[], stage: string, layer: string): boolean =>
  patterns.some((pattern) => isWithin(stage, pattern) || isWithin(layer, pattern));

/** Whether a layer is frozen when its stage's rule says `otherwise`; what is unfrozen by name wins. */
export function isLayerFrozen(rules: Rules, stage: string, layer: string, otherwise: boolean): boolean {
  if (speaks(rules.unfreeze, stage, layer)) return false;
  return speaks(rules.freeze, stage, layer) || otherwise;
}

/** Return how many stages a cut leaves on its frozen side. */
export function indexOfCut(card: BaseCard, cut: string): number {
  return cut === INPUT_CUT ? 0 : card.stages.findIndex((stage) => stage.name === cut) + 1;
}

/** Return what each stage and layer is when the first `index` stages are frozen. */
export function stageStates(card: BaseCard, index: number, freezing: Freezing): StageState[] {
  return card.stages.map((stage, at) => {
    const otherwise = freezing.asPlanned?.get(stage.name) ?? at < index;
    return stageState(stage, otherwise, freezing);
  });
}

function stageState(stage: StageCard, otherwise: boolean, rules: Rules): StageState {
  const layers = stage.layers.map((layer) => {
    const isFrozen = isLayerFrozen(rules, stage.name, layer.name, otherwise);
    const isNamed = speaks(rules.unfreeze, stage.name, layer.name) || speaks(rules.freeze, stage.name, layer.name);
    return { layer, isFrozen, isException: isNamed && layer.num_parameters > 0 };
  });
  const inLayers = layers.reduce((sum, { layer }) => sum + layer.num_parameters, 0);
  const isRestFrozen = isLayerFrozen(rules, stage.name, stage.name, otherwise);
  const ofRest = isRestFrozen ? Math.max(0, stage.num_parameters - inLayers) : 0;
  const frozen = layers.reduce((sum, { layer, isFrozen }) => sum + (isFrozen ? layer.num_parameters : 0), ofRest);
  const held = Math.min(frozen, stage.num_parameters);
  const trainable = stage.num_parameters - held;
  return {
    stage,
    held: stage.num_parameters === 0 ? "empty" : trainable === 0 ? "frozen" : held === 0 ? "trainable" : "partly",
    frozen: held,
    trainable,
    hasExceptions: layers.some((layer) => layer.isException) || speaks([...rules.freeze, ...rules.unfreeze], stage.name, stage.name),
    layers,
  };
}

export function totals(states: readonly StageState[]): { frozen: number; trainable: number } {
  const sum = (key: "frozen" | "trainable") => states.reduce((total, state) => total + state[key], 0);
  return { frozen: sum("frozen"), trainable: sum("trainable") };
}

const TORN = "A cut here would tear a residual block: data passes through more than one tensor.";

/** Return every place of the boundary, legal or not. Costs come from the table, where there is one. */
export function choicesOf(card: BaseCard, table: CutTable | null, present: Strategy): Choice[] {
  const last = card.stages.length;
  return [INPUT_CUT, ...card.stages.map((stage) => stage.name)].map((cut, index) => {
    const row = table?.cuts.find((item) => item.cut === cut) ?? null;
    const isTorn = index > 0 && index < last && !card.stages[index - 1]?.cut_is_legal;
    const isIdle = index > 0 && index < last && !isTorn && trainableAfter(card, index) === 0;
    const own = isTorn ? TORN : isIdle ? `No stage after '${cut}' has parameters: freeze the whole base instead.` : null;
    const whyNot = row && !row.is_legal ? (isTorn ? TORN : (row.why_not ?? own)) : own;
    const isLegal = whyNot === null;
    return { cut, index, isLegal, whyNot, strategy: isLegal ? (row?.strategy ?? strategyAt(card, cut, present)) : null, cost: row };
  });
}

const trainableAfter = (card: BaseCard, index: number): number =>
  card.stages.slice(index).filter((stage) => stage.num_parameters > 0).length;

/** Return the legal place nearest to a height, which is measured in stages and need not be whole. */
export function snap(choices: readonly Choice[], height: number): Choice | null {
  let best: Choice | null = null;
  for (const choice of choices) {
    if (!choice.isLegal) continue;
    if (!best || Math.abs(choice.index - height) < Math.abs(best.index - height)) best = choice;
  }
  return best;
}

/** Return why the place right under the pointer is not taken, if it is not. */
export function refusedAt(choices: readonly Choice[], height: number): string | null {
  return choices[Math.round(Math.max(0, Math.min(choices.length - 1, height)))]?.whyNot ?? null;
}

/** Return the next legal place in a direction; where there is none, the place itself. */
export function step(choices: readonly Choice[], index: number, direction: 1 | -1): Choice | null {
  for (let at = index + direction; at >= 0 && at < choices.length; at += direction) {
    const choice = choices[at];
    if (choice?.isLegal) return choice;
  }
  return choices[index] ?? null;
}

const FROZEN_SHARE: Partial<Record<Strategy, number>> = { some_layers: 2 / 3, most_layers: 1 / 3 };

/** Return the cut that a strategy means; a cut that is set goes first. */
export function resolveCut(card: BaseCard, strategy: Strategy, cut: string | null): string {
  if (cut !== null && (cut === INPUT_CUT || card.stages.some((stage) => stage.name === cut))) return cut;
  if (strategy === "head_only") return card.stages.at(-1)?.name ?? INPUT_CUT;
  const share = FROZEN_SHARE[strategy];
  return share === undefined ? INPUT_CUT : cutByDepth(card, share);
}

function cutByDepth(card: BaseCard, share: number): string {
  const count = card.stages.filter((stage) => stage.num_parameters > 0).length;
  const wanted = Math.max(1, Math.min(count - 1, roundHalfEven(share * count)));
  let depth = 0;
  let best = { cut: INPUT_CUT, distance: Infinity };
  card.stages.forEach((stage, at) => {
    if (stage.num_parameters > 0) depth += 1;
    if (!stage.cut_is_legal || trainableAfter(card, at + 1) === 0) return;
    const distance = Math.abs(depth - wanted);
    if (distance < best.distance) best = { cut: stage.name, distance };
  });
  return best.cut;
}

function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/** Return the strategy that a cut is: set both, and `resolveCut` agrees. */
export function strategyAt(card: BaseCard, cut: string, present: Strategy): Strategy {
  if (cut === card.stages.at(-1)?.name) return "head_only";
  if (present === "probe_then_tune" || (present === "from_scratch" && cut === INPUT_CUT)) return present;
  if (cut === INPUT_CUT) return "all_layers";
  if (FROZEN_SHARE[present] !== undefined && resolveCut(card, present, null) === cut) return present;
  const total = card.stages.filter((stage) => stage.num_parameters > 0).length;
  return 2 * trainableAfter(card, indexOfCut(card, cut)) <= total ? "some_layers" : "most_layers";
}
