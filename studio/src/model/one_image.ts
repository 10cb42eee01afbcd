/** One image looked into, in words: methods, stages, what training changed, how far saliency can be trusted. */
import type { ChannelMap, MapsDocument, SaliencyDocument, StageLook } from "../api/types";
import { formatNumber, formatPercent, formatPlural, formatShape } from "./format";

/** An image of the run by its key, or one that was sent, by the name that the server gave it. */
export type LookedImage = { image: string; picture: string | null };

export type Method = SaliencyDocument["method"];
export type Side = MapsDocument["weights"][number];

export const METHOD_WORDS: Record<Method, string> = {
  grad_cam: "Grad-CAM",
  attention: "Attention",
  integrated_gradients: "Integrated gradients",
};

export const SIDE_WORDS: Record<Side, string> = { pretrained: "Pretrained", trained: "Trained" };

/** Say which method drew a map, and where. */
export function methodText({ method, stage, grid }: SaliencyDocument): string {
  const places = `${grid[0]} × ${grid[1]} places`;
  return `${METHOD_WORDS[method]}${stage ? ` at ${stage}` : ""}, ${places}`;
}

/** Say in one sentence what the picture shows: the text in its place. */
export function describeSaliency(document: SaliencyDocument): string {
  if (document.is_empty) return `${document.image}: nothing speaks for ${document.of}`;
  const [height, width] = document.size;
  return `${document.image}: evidence for ${document.of}, strongest at the ${placeWord(document.peak[0] / height, document.peak[1] / width)}`;
}

function placeWord(down: number, right: number): string {
  const row = down < 1 / 3 ? "top" : down < 2 / 3 ? "middle" : "bottom";
  const column = right < 1 / 3 ? "left" : right < 2 / 3 ? "middle" : "right";
  return row === column ? "center" : row === "middle" ? column : column === "middle" ? row : `${row} ${column}`;
}

/** How much of the score's difference the pixels explain; null of methods that promise nothing. */
export function completenessText({ completeness }: SaliencyDocument): string | null {
  if (!completeness) return null;
  return `The pixels add up to ${formatNumber(completeness.total)} of ${formatNumber(completeness.difference)}; ${formatPercent(completeness.gap)} is missing after ${formatPlural(completeness.num_steps, "step")}.`;
}

/** Classes to choose from, with their probability: what was predicted comes first. */
export function classChoices(document: SaliencyDocument): (readonly [string, string])[] {
  return document.scores.map(({ name, score, probability }) => [
    name,
    `${name} · ${probability === null ? formatNumber(score) : formatPercent(probability)}`,
  ]);
}

/** Say how far training moved values: 0 means bit for bit the same. */
export function changeText(change: number | null): string {
  if (change === null) return "new";
  return change === 0 ? "unchanged" : `changed ${formatPercent(change)}`;
}

/** One line under a stage. */
export function stageText(stage: StageLook, hasBoth: boolean): string {
  const words = [formatShape(stage.shape)];
  if (hasBoth) words.push(changeText(stage.change));
  return words.join(" · ");
}

/** Dead channels of a stage under some weights, with how many images that was found on. */
export function deadText(stage: StageLook, side: Side, numImages: number): string {
  const dead = stage.sides[side]?.num_dead ?? 0;
  const on = `on ${formatPlural(numImages, "image")}`;
  return dead === 0 ? `no channel dead ${on}` : `${dead} of ${stage.num_channels} channels dead ${on}`;
}

/** Numbers of a channel under some weights. */
export function channelRows(channel: ChannelMap, side: Side): [string, string][] {
  const found = channel.sides[side];
  if (!found) return [];
  return [
    ["mean", formatNumber(found.mean)],
    ["deviation", formatNumber(found.std)],
    ["zeros", formatPercent(found.zero_share)],
    ...(found.is_dead ? ([["dead", "the same value everywhere"]] as [string, string][]) : []),
  ];
}
