/** The score of a search's rounds against one setting at a time. */
import type { Search, SearchDimension, SearchRound } from "../api/types";
import { scored, shareOn } from "./tuning";

/** A round in a slice: how far along the setting's axis and how far up the scores', 0 to 1. */
export type SlicePoint = { round: SearchRound; along: number; up: number };
export type Slice = { dimension: SearchDimension; points: readonly SlicePoint[] };

/** Return where a round lies along a setting; null where it does not have it. */
export const sliceOf = (dimension: SearchDimension, round: SearchRound): number | null => shareOn(dimension, round);

/** Return a slice for each setting that a scored round has; the rounds of the front and the one to take are drawn last. */
export function slicesOf(search: Search): Slice[] {
  const { rounds, low, high } = scored(search);
  const rank = (round: SearchRound) => (round.number === search.best ? 2 : search.front.includes(round.number) ? 1 : 0);
  const ordered = [...rounds].sort((a, b) => rank(a) - rank(b));
  const slices = search.dimensions.map((dimension) => ({
    dimension,
    points: ordered.flatMap((round) => {
      const along = sliceOf(dimension, round);
      return along === null || round.score === null ? [] : [{ round, along, up: (round.score.value - low) / (high - low) }];
    }),
  }));
  return slices.filter(({ points }) => points.length);
}
