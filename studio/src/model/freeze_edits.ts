/** Edits of what is frozen: exceptions for a stage or a layer, and the boundary in code, which has no cut. */
import type { BaseCard } from "../api/types";
import { type Rules, isLayerFrozen, isWithin } from "./boundary";

type Target = { stage: string; /** None: the whole stage. */ layer: string | null };

/** Make a stage or a layer frozen or free, with as few names as it takes. `otherwise`: what its stage's rule says. */
export function setFrozen(card: BaseCard, rules: Rules, target: Target, wanted: boolean, otherwise: boolean): Rules {
  const stage = card.stages.find((item) => item.name === target.stage);
  if (!stage) return rules;
  const own = stage.layers.map((layer) => layer.name);
  const named = target.layer === null ? [stage.name, ...own] : [target.layer];
  const kept = without(rules, named);
  const covered = target.layer === null ? own : [target.layer];
  const asked = covered.length ? covered : [stage.name];
  const isDone = (now: Rules) => asked.every((layer) => isLayerFrozen(now, stage.name, layer, otherwise) === wanted);
  if (isDone(kept)) return kept;
  const name = target.layer ?? stage.name;
  if (!wanted) return { ...kept, unfreeze: [...kept.unfreeze, name] };
  const opened = expand(card, kept, new Set(asked));
  return isDone(opened) ? opened : { ...opened, freeze: [...opened.freeze, name] };
}

const without = (rules: Rules, gone: readonly string[]): Rules => ({
  freeze: rules.freeze.filter((name) => !gone.includes(name)),
  unfreeze: rules.unfreeze.filter((name) => !gone.includes(name)),
});

/** What is unfrozen wins over what is frozen: patterns that cover `but` become the names of all other layers. */
function expand(card: BaseCard, rules: Rules, but: ReadonlySet<string>): Rules {
  const unfreeze: string[] = [];
  for (const pattern of rules.unfreeze) {
    const covered = card.stages.flatMap((stage) =>
      stage.layers
        .filter((layer) => isWithin(stage.name, pattern) || isWithin(layer.name, pattern))
        .filter((layer) => layer.num_parameters > 0 || but.has(layer.name))
        .map((layer) => layer.name),
    );
    if (covered.some((name) => but.has(name))) unfreeze.push(...covered.filter((name) => !but.has(name)));
    else unfreeze.push(pattern);
  }
  return { ...rules, unfreeze: [...new Set(unfreeze)] };
}

/** Take away every name that speaks about a stage or its layers; patterns that reach further stay. */
export function resetStage(card: BaseCard, rules: Rules, stage: string): Rules {
  const found = card.stages.find((item) => item.name === stage);
  return found ? without(rules, [stage, ...found.layers.map((layer) => layer.name)]) : rules;
}

/** Return the rules that freeze the first `index` stages of a model in code and free the others. */
export function rulesUpTo(card: BaseCard, index: number): Rules {
  const withParameters = (from: number, to: number) =>
    card.stages.slice(from, to).filter((stage) => stage.num_parameters > 0).map((stage) => stage.name);
  return { freeze: withParameters(0, index), unfreeze: withParameters(index, card.stages.length) };
}
