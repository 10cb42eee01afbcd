/** Words for what sources are. */
import type { SourceCard } from "../../api/types";

export const KINDS: Record<SourceCard["kind"], string> = {
  folder: "Folder per class",
  table: "Table",
  arrays: "Arrays",
  masks: "Images and masks",
  sample: "Embedded sample",
  unlabelled: "No labels",
};

export const LABEL_KINDS: readonly (readonly [string, string])[] = [
  ["category", "One class for each image"],
  ["tags", "Any number of tags for each image"],
  ["number", "Numbers for each image"],
  ["mask", "A class for each pixel"],
];

export const sourceName = (source: string): string => source.split(/[\\/:]/).filter(Boolean).at(-1) ?? source;
