/** The groups of components in the order in which data flows through them, and of the recipe's settings. */

export const GROUP_ORDER = ["data", "preprocess", "base", "layer", "merge", "custom", "objective", "adaptation"] as const;

const WORDS: Record<string, string> = {
  data: "Data",
  preprocess: "Preprocessing",
  base: "Base",
  layer: "Layers",
  merge: "Joining",
  custom: "Your own code",
  objective: "Objectives",
  adaptation: "Other domains",
};

export const groupWords = (group: string): string => WORDS[group] ?? group;

/** The recipe's settings by what they are about. What is in none of them stands under "More". */
export const RECIPE_SECTIONS: readonly (readonly [string, readonly string[]])[] = [
  ["Epochs and batches", ["epochs", "batch", "accumulate", "probe_first", "probe_epochs", "early_stop", "monitor"]],
  ["Optimizer", ["optimizer", "learning_rate", "probe_learning_rate", "layer_decay", "stage_rates", "weight_decay", "momentum", "clip_norm"]],
  ["Gradual unfreezing", ["unfreeze_every", "unfreeze_stages"]],
  ["Schedule", ["schedule", "warmup", "step_epochs", "step_factor"]],
  ["Loss", ["label_smoothing", "class_weights", "image_weights"]],
  ["Staying near the start", ["l2_sp", "l2_sp_head", "bss", "bss_values", "delta", "co_tuning", "further_terms"]],
  ["Augmentation", ["augment", "cached_views"]],
  ["Cache and precision", ["feature_cache", "precision", "memory_format", "checkpoint_seconds"]],
  ["Seed", ["seed"]],
];

/** Return named things by section, in its order; the last section holds those that are in none. */
export function inSections<T extends { name: string }>(items: readonly T[]): [string, T[]][] {
  const known = new Set(RECIPE_SECTIONS.flatMap(([, names]) => names));
  const sections = RECIPE_SECTIONS.map(([title, names]): [string, T[]] => [
    title,
    names.flatMap((name) => items.filter((item) => item.name === name)),
  ]);
  return [...sections, ["More", items.filter((item) => !known.has(item.name))] as [string, T[]]].filter(([, found]) => found.length > 0);
}
