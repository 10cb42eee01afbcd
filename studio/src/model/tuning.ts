/** Searches for settings: how a round reads, and where it lies on charts. */
import type { Search, SearchDimension, SearchRound, SearchState } from "../api/types";
import { formatNumber, formatSeconds } from "./format";

export const isSearching = (state: SearchState | undefined | null): boolean =>
  state !== undefined && state !== null && ["starting", "waiting", "running"].includes(state.status);

/** Return how far a search is, in words. */
export function searchingWords(state: SearchState): string {
  if (state.status === "starting") return "The search begins…";
  if (state.status === "waiting") return "Waiting until no run trains…";
  const left = state.seconds_left === null ? "" : ` · about ${formatSeconds(state.seconds_left)} left`;
  return `${state.at ? `Now ${state.at}` : "Choosing the next round"} · ${state.done} of ${state.total} done${left}`;
}

/** Return a setting as people read it. */
export function settingWords(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return "off";
  return typeof value === "number" ? (value !== 0 && Math.abs(value) < 0.01 ? value.toPrecision(2) : formatNumber(value)) : value.replaceAll("_", " ");
}

export type RoundMark = "take" | "front" | "plain" | "pruned";

/** Return what a round is: the one to take, on the front, ended early, or neither. */
export function markOf(search: Search, round: SearchRound): RoundMark {
  if (round.number === search.best) return "take";
  if (search.front.includes(round.number)) return "front";
  return round.status === "pruned" ? "pruned" : "plain";
}

/** Return where a value lies on the axis of a dimension, 0 to 1; null where the round does not have it. */
export function shareOn(dimension: SearchDimension, round: SearchRound): number | null {
  const value = round.params[dimension.name];
  if (value === undefined || value === null) return null;
  if (dimension.values.length) {
    const place = dimension.values.indexOf(String(value));
    return place < 0 ? null : place / Math.max(1, dimension.values.length - 1);
  }
  const { low, high } = dimension;
  if (low === null || high === null || high <= low || typeof value !== "number") return null;
  const along = dimension.is_log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, along));
}

/** Return what stands at both ends of an axis. */
export function endsOf(dimension: SearchDimension): [string, string] {
  if (dimension.values.length) return [settingWords(dimension.values[0]), settingWords(dimension.values.at(-1))];
  const factor = dimension.is_factor ? "× " : "";
  return [`${factor}${settingWords(dimension.low)}`, `${factor}${settingWords(dimension.high)}`];
}

/** Return the scored rounds and the stretch of their scores. */
export function scored(search: Search): { rounds: SearchRound[]; low: number; high: number } {
  const rounds = search.rounds.filter((round) => round.score !== null);
  const values = rounds.map((round) => round.score?.value ?? 0);
  const low = Math.min(...values);
  const high = Math.max(...values);
  return high > low ? { rounds, low, high } : { rounds, low: low - 0.5, high: high + 0.5 };
}
