/** Where boxes lie on the canvas: grid, free places, boxes pushed apart. Sizes and places in canvas pixels. */
import type { Flow } from "../api/types";
import type { Place } from "./edits";

export const GRID = 12;
export const GAP = 36;
const COLUMN_GAP = 64;
/** Size that a box is taken to have until it is measured. */
export const USUAL: Size = { width: 240, height: 180 };

export type Size = { width: number; height: number };
export type Box = Size & { x: number; y: number };

export const snap = (value: number, grid = GRID): number => {
  const snapped = Math.round(value / grid) * grid;
  return snapped === 0 ? 0 : snapped; // never -0
};
export const snapPlace = ([x, y]: Place, grid = GRID): Place => [snap(x, grid), snap(y, grid)];

export function overlaps(a: Box, b: Box, gap = 0): boolean {
  return a.x < b.x + b.width + gap && b.x < a.x + a.width + gap && a.y < b.y + b.height + gap && b.y < a.y + a.height + gap;
}

/** Return the smallest box around all; null for none. */
export function around(boxes: readonly Box[]): Box | null {
  if (boxes.length === 0) return null;
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

/** Return the place nearest below the wanted one where a box covers no other. */
export function freePlace(wanted: Place, size: Size, others: readonly Box[], gap = GAP): Place {
  const [x, top] = snapPlace(wanted);
  let y = top;
  for (let tries = 0; tries < 200; tries += 1) {
    const box = { x, y, ...size };
    const hit = others.find((other) => overlaps(box, other, gap - 1));
    if (!hit) return [x, y];
    y = snap(hit.y + hit.height + gap + GRID / 2);
  }
  return [x, y];
}

/**
 * Return the places that differ once boxes that cover one another are pushed apart, their order kept: first whole
 * columns to the right, then boxes of one column downwards. Nothing moves where nothing overlaps.
 */
export function pushApart(boxes: Readonly<Record<string, Box>>, gap = GAP): Record<string, Place> {
  const ids = Object.keys(boxes);
  const isCrowded = ids.some((a, index) => ids.slice(index + 1).some((b) => touch(boxes, a, b)));
  if (!isCrowded) return {};
  const columns = columnsOf(boxes);
  const moved: Record<string, Place> = {};
  let right = -Infinity;
  let shift = 0;
  for (const column of columns) {
    const left = Math.min(...column.map((id) => box(boxes, id).x));
    shift = Math.max(shift, right + COLUMN_GAP - left);
    if (right === -Infinity) shift = 0;
    let bottom = -Infinity;
    for (const id of [...column].sort((a, b) => box(boxes, a).y - box(boxes, b).y)) {
      const old = box(boxes, id);
      const y = Math.max(old.y, bottom + gap);
      bottom = y + old.height;
      if (shift !== 0 || y !== old.y) moved[id] = [old.x + shift, y];
    }
    right = Math.max(...column.map((id) => box(boxes, id).x + box(boxes, id).width)) + shift;
  }
  return moved;
}

const box = (boxes: Readonly<Record<string, Box>>, id: string): Box => boxes[id] as Box;
const touch = (boxes: Readonly<Record<string, Box>>, a: string, b: string): boolean => overlaps(box(boxes, a), box(boxes, b));

/** Boxes whose left edges lie within half a box of each other make a column. */
function columnsOf(boxes: Readonly<Record<string, Box>>): string[][] {
  const columns: string[][] = [];
  let start = -Infinity;
  for (const id of Object.keys(boxes).sort((a, b) => box(boxes, a).x - box(boxes, b).x)) {
    const { x } = box(boxes, id);
    if (x - start < USUAL.width / 2) columns.at(-1)?.push(id);
    else {
      columns.push([id]);
      start = x;
    }
  }
  return columns;
}

/** A place for each node that has none: to the right of what feeds it, in columns. Quick; the real layout comes after. */
export function firstPlaces(flow: Flow): Record<string, Place> {
  const missing = flow.nodes.filter((node) => !flow.layout[node.id]);
  if (missing.length === 0) return {};
  const ranks = ranksOf(flow);
  const step = USUAL.width + 80;
  const placed = flow.nodes.flatMap((node) => {
    const place = flow.layout[node.id];
    return place ? [{ x: place[0], y: place[1], ...USUAL }] : [];
  });
  const found: Record<string, Place> = {};
  for (const node of missing) {
    const place = freePlace([(ranks[node.id] ?? 0) * step, 0], USUAL, placed);
    placed.push({ x: place[0], y: place[1], ...USUAL });
    found[node.id] = place;
  }
  return found;
}

/** Return the longest way from a source to each node, in wires; loops are cut where they are met. */
export function ranksOf(flow: Flow): Record<string, number> {
  const sources = new Map<string, string[]>();
  for (const { source, target } of flow.edges) sources.set(target.node, [...(sources.get(target.node) ?? []), source.node]);
  const ranks: Record<string, number> = {};
  const open = new Set<string>();
  const rank = (id: string): number => {
    const known = ranks[id];
    if (known !== undefined) return known;
    if (open.has(id)) return -1;
    open.add(id);
    const found = 1 + Math.max(-1, ...(sources.get(id) ?? []).map(rank));
    open.delete(id);
    ranks[id] = found;
    return found;
  };
  for (const node of flow.nodes) rank(node.id);
  return ranks;
}
