/** Masks and heat maps of a run: which pictures stand side by side, and what is written under them. */
import type { PlacePage, PlaceRow } from "../api/types";
import { formatNumber, formatPercent } from "./format";

export type PlacesQuestion = { split: "validation" | "test"; order: "worst" | "best" | "key"; offset: number };

/** How many images stand on a page. */
export const PLACES_PAGE = 12;

export type Panel = { layer: string | null; words: string };

/** Return the pictures that stand side by side: the image with a layer over it, or alone. */
export function panelsOf(kind: PlacePage["kind"], row: PlaceRow): Panel[] {
  const all: Panel[] =
    kind === "mask"
      ? [
          { layer: "said", words: "Predicted" },
          { layer: "label", words: "Label" },
          { layer: "wrong", words: "Disagreement" },
        ]
      : [
          { layer: null, words: "Image" },
          { layer: "heat", words: "Heat map" },
          { layer: "label", words: "Label" },
        ];
  return all.filter((panel) => panel.layer === null || panel.layer in row.pictures);
}

/** Return what is written under the pictures of an image. */
export function placesWords(page: Pick<PlacePage, "kind" | "threshold">, row: PlaceRow): string {
  if (page.kind === "mask") {
    const overlap = row.overlap === null ? "IoU: no pixel counts" : `IoU ${formatNumber(row.overlap)}`;
    return row.wrong_share === null ? overlap : `${overlap} · ${formatPercent(row.wrong_share)} of the pixels wrong`;
  }
  const label = row.label === null ? "" : ` · label ${row.label}`;
  return `score ${formatNumber(row.score ?? Number.NaN)}${isOdd(page.threshold, row)}${label}`;
}

function isOdd(threshold: number | null, row: PlaceRow): string {
  if (threshold === null || row.score === null) return "";
  return row.score >= threshold ? " · odd" : " · normal";
}

/** Return the classes of one image that were there or said, with their overlap. */
export function overlapWords(row: PlaceRow): string {
  return row.classes
    .filter((one) => one.iou !== null)
    .map((one) => `${one.name}: ${formatNumber(one.iou ?? 0)}`)
    .join(", ");
}

/** Return which images a page shows: "1 to 12 of 36". */
export function rangeWords(offset: number, shown: number, total: number): string {
  return shown === 0 ? `none of ${total}` : `${offset + 1} to ${offset + shown} of ${total}`;
}
