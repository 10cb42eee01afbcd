/** What an advice says, and the flow with it written in. */
import type { Advice, AdviceChange, Flow, Recipe } from "../api/types";
import { nodeOf, setRecipe, setSettings } from "./edits";
import { formatNumber } from "./format";

export type Corner = { quadrant: keyof Advice["table"]; size: string; similarity: string; x: 0 | 1; y: 0 | 1 };

/** The quadrants of the map, as it is read: the top row first. */
export const CORNERS: readonly Corner[] = [
  { quadrant: "small_similar", size: "few images", similarity: "similar", x: 0, y: 1 },
  { quadrant: "large_similar", size: "many images", similarity: "similar", x: 1, y: 1 },
  { quadrant: "small_different", size: "few images", similarity: "different", x: 0, y: 0 },
  { quadrant: "large_different", size: "many images", similarity: "different", x: 1, y: 0 },
];

export const strategyWords = (strategy: string): string => strategy.replaceAll("_", " ");

/** Write changes into a flow. */
export function withChanges(flow: Flow, changes: readonly AdviceChange[]): Flow {
  return changes.reduce(
    (now, { node, field, value }) =>
      node === null ? setRecipe(now, { [field]: value } as Partial<Recipe>) : setSettings(now, node, { [field]: value ?? undefined }),
    flow,
  );
}

/** Say whether the flow has a change already. */
export function has(flow: Flow, { node, field, value }: AdviceChange): boolean {
  const present = node === null ? flow.recipe[field as keyof Recipe] : nodeOf(flow, node)?.settings[field];
  return JSON.stringify(present ?? null) === JSON.stringify(value ?? null);
}

/** The change that makes a flow use a strategy that was not advised. */
export function toStrategy(advice: Advice, strategy: string): AdviceChange[] {
  const own = (field: string, value: unknown): AdviceChange => ({ node: advice.node, field, value, before: null, reason: "Chosen by hand." });
  return [own("strategy", strategy), own("cut", null)];
}

export const settingWords = (value: unknown): string => {
  if (value === null || value === undefined) return "as by default";
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? strategyWords(value) : JSON.stringify(value);
};

/** A reading with its unit; a dash where there is none. */
export const readingWords = (reading: number | null, unit: string): string => (reading === null ? "–" : `${reading.toFixed(2)} ${unit}`.trim());

const WIDTH = 1_000;

/** Where a number of images per class lies on the map's axis: one at 0, the border at 0.5, a thousand times as many at 1. */
export function placeOfSize(perClass: number, border: number): number {
  if (perClass < border) return (0.5 * Math.log(Math.max(perClass, 1))) / Math.log(border);
  return Math.min(1, 0.5 + (0.5 * Math.log(perClass / border)) / Math.log(WIDTH));
}

/** Numbers of images per class for the axis: powers of ten that it shows, and the border. */
export function sizeTicks(border: number): number[] {
  const powers = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].filter((tick) => tick <= border * WIDTH);
  return powers.filter((tick) => Math.abs(placeOfSize(tick, border) - 0.5) > 0.06).concat(border).sort((a, b) => a - b);
}
