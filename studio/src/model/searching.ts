/** What a search is to set, as a person fills it in: each setting is searched, fixed, or left as it is. */
import type { Flow, SearchChoices, SearchDimension } from "../api/types";
import { formatNumber } from "./format";
import { settingWords } from "./tuning";

export type Way = "search" | "fix" | "leave";

/** One setting as it is filled in; empty fields mean the usual range. */
export type Wish = { way: Way; low: string; high: string; values: readonly string[]; fixed: string };
export type Wishes = Readonly<Record<string, Wish>>;
export type Asked = Pick<SearchChoices, "over" | "fixed">;

export const USUAL: Wish = { way: "search", low: "", high: "", values: [], fixed: "" };
export const WAYS: readonly (readonly [Way, string])[] = [
  ["search", "search"],
  ["fix", "fix"],
  ["leave", "as it is"],
];

const isChosen = (dimension: SearchDimension): boolean => dimension.values.length > 0;
const isNumber = (text: string): boolean => text.trim() !== "" && Number.isFinite(Number(text));
const wishOf = (wishes: Wishes, name: string): Wish => wishes[name] ?? USUAL;
const hasRange = (wish: Wish): boolean => wish.low.trim() !== "" || wish.high.trim() !== "";

/** Return what is wrong with how a setting is filled in, or null. */
export function faultOfWish(dimension: SearchDimension, wish: Wish): string | null {
  if (wish.way === "leave") return null;
  if (wish.way === "fix") return faultOfFixed(dimension, wish.fixed);
  if (isChosen(dimension)) return wish.values.length === 1 ? "One value leaves nothing to search; fix it instead." : null;
  if (!hasRange(wish)) return null;
  if (!isNumber(wish.low) || !isNumber(wish.high)) return "Both ends of the range are numbers, or both are empty.";
  return Number(wish.low) < Number(wish.high) ? null : "The first end must be the smaller one.";
}

function faultOfFixed(dimension: SearchDimension, fixed: string): string | null {
  if (isChosen(dimension)) return fixed ? null : "Choose a value.";
  if (!isNumber(fixed)) return "A number is wanted.";
  return dimension.kind === "count" && !Number.isInteger(Number(fixed)) ? "A whole number is wanted." : null;
}

/**
 * Return what is asked of the server. As long as nothing is left out or narrowed, no setting is named: then all that
 * do something are searched; a named one that does nothing is refused.
 */
export function askedOf(dimensions: readonly SearchDimension[], wishes: Wishes): Asked {
  const searched = dimensions.filter(({ name }) => wishOf(wishes, name).way === "search");
  const fixed = dimensions.filter(({ name }) => wishOf(wishes, name).way === "fix");
  const isUsual = dimensions.every(({ name }) => {
    const wish = wishOf(wishes, name);
    return wish.way === "fix" || (wish.way === "search" && !hasRange(wish) && wish.values.length === 0);
  });
  return {
    over: isUsual ? [] : searched.map((dimension) => spanOf(dimension, wishOf(wishes, dimension.name))),
    fixed: Object.fromEntries(fixed.map((dimension) => [dimension.name, fixedOf(dimension, wishOf(wishes, dimension.name).fixed)])),
  };
}

function spanOf(dimension: SearchDimension, wish: Wish): SearchChoices["over"][number] {
  const ends = !isChosen(dimension) && hasRange(wish);
  return { name: dimension.name, low: ends ? Number(wish.low) : null, high: ends ? Number(wish.high) : null, values: isChosen(dimension) ? [...wish.values] : [] };
}

const fixedOf = (dimension: SearchDimension, fixed: string): string | number => (isChosen(dimension) ? fixed : Number(fixed));

/** Return what is wrong with all of it, or null. */
export function faultOfWishes(dimensions: readonly SearchDimension[], wishes: Wishes): string | null {
  for (const dimension of dimensions) {
    const fault = faultOfWish(dimension, wishOf(wishes, dimension.name));
    if (fault) return `${dimension.name.replaceAll("_", " ")}: ${fault}`;
  }
  const isAnySearched = dimensions.some(({ name }) => wishOf(wishes, name).way === "search");
  return dimensions.length && !isAnySearched ? "Nothing is left to search." : null;
}

/** Return what is searched, in a few words. */
export function wishesInWords(dimensions: readonly SearchDimension[], wishes: Wishes): string {
  const count = (way: Way) => dimensions.filter(({ name }) => wishOf(wishes, name).way === way).length;
  const [searched, fixed, left] = [count("search"), count("fix"), count("leave")];
  if (!fixed && !left) return `all ${searched} that do something in this flow`;
  return [`${searched} searched`, fixed ? `${fixed} fixed` : "", left ? `${left} as they are` : ""].filter(Boolean).join(", ");
}

/** Return the usual range of a setting and what the flow has, in words. */
export function usualWords(dimension: SearchDimension): { range: string; own: string } {
  const end = (value: number | null) => (value === null ? "?" : value !== 0 && Math.abs(value) < 0.01 ? value.toExponential(0) : formatNumber(value));
  const factor = dimension.is_factor ? "× " : "";
  const factorOwn = (own: number) => (own === 1 ? "as usual" : `× ${formatNumber(own)}`);
  const own = typeof dimension.own === "number" && dimension.is_factor ? factorOwn(dimension.own) : settingWords(dimension.own);
  return { range: isChosen(dimension) ? "" : `${factor}${end(dimension.low)} to ${factor}${end(dimension.high)}`, own };
}

/** Return what of a flow decides which settings there are: its nodes and its recipe, not where they stand. */
export const flowKey = (flow: Flow): string => JSON.stringify([flow.nodes, flow.edges, flow.recipe]);
