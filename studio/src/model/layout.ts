/** Auto-layout: ranks and order by dagre, then straight main wires, then no overlaps; and lanes for long wires. */
import type { Place } from "./edits";
import { type Box, GRID, type Size, snap } from "./place";

/** A box with how far below its top each port lies. */
export type LayoutBox = Size & { id: string; inputs: Readonly<Record<string, number>>; outputs: Readonly<Record<string, number>> };
export type LayoutWire = { source: string; out: string; target: string; in: string };

const NODE_GAP = 40;
const RANK_GAP = 64;
export const LANE = 14;

type Laid = { id: string; rank: number; order: number; x: number; y: number };

/** Return a place for each box: left to right along the wires, each box beside what feeds its first input. */
export async function arrange(boxes: readonly LayoutBox[], wires: readonly LayoutWire[]): Promise<Record<string, Place>> {
  if (boxes.length === 0) return {};
  const { Graph, layout } = await import("@dagrejs/dagre");
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: NODE_GAP, ranksep: RANK_GAP, edgesep: 28 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  wires.forEach((wire, index) => graph.setEdge(wire.source, wire.target, { weight: weightOf(wire, boxes) }, String(index)));
  layout(graph);
  const centers = boxes.map(({ id }) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return { id, x, y };
  });
  return straighten(boxes, wires, ranked(centers));
}

/** A wire into a first input carries the main chain. */
function weightOf(wire: LayoutWire, boxes: readonly LayoutBox[]): number {
  const target = boxes.find((box) => box.id === wire.target);
  return target && Object.keys(target.inputs)[0] === wire.in ? 4 : 1;
}

/** Boxes that dagre put on one vertical line share a rank. */
function ranked(centers: readonly { id: string; x: number; y: number }[]): Laid[] {
  const sorted = [...centers].sort((a, b) => a.x - b.x || a.y - b.y);
  let rank = -1;
  let before = -Infinity;
  let order = 0;
  return sorted.map(({ id, x, y }) => {
    if (x - before > 1) {
      rank += 1;
      order = 0;
    }
    before = x;
    return { id, rank, order: order++, x, y };
  });
}

function straighten(boxes: readonly LayoutBox[], wires: readonly LayoutWire[], laid: readonly Laid[]): Record<string, Place> {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const places: Record<string, Place> = {};
  const numRanks = Math.max(...laid.map((item) => item.rank)) + 1;
  let left = 0;
  for (let rank = 0; rank < numRanks; rank += 1) {
    const column = laid.filter((item) => item.rank === rank).sort((a, b) => a.order - b.order);
    const sized = column.flatMap((item) => {
      const box = byId.get(item.id);
      return box ? [{ item, box, wanted: wantedTop(box, wires, byId, places) ?? item.y - box.height / 2 }] : [];
    });
    for (const { id, y } of stack(sized.map(({ box, wanted }) => ({ id: box.id, height: box.height, wanted })))) {
      places[id] = [left, y];
    }
    left = snap(left + Math.max(...sized.map(({ box }) => box.width)) + RANK_GAP + GRID / 2);
  }
  return fromZero(places);
}

/** Where a box's first connected input meets the port that feeds it. */
function wantedTop(
  box: LayoutBox,
  wires: readonly LayoutWire[],
  byId: ReadonlyMap<string, LayoutBox>,
  places: Readonly<Record<string, Place>>,
): number | null {
  for (const [name, below] of Object.entries(box.inputs)) {
    const wire = wires.find((item) => item.target === box.id && item.in === name);
    const place = wire && places[wire.source];
    const from = wire && byId.get(wire.source)?.outputs[wire.out];
    if (place && from !== undefined) return place[1] + from - below;
  }
  return null;
}

/** Stack boxes in their order as near to where they want to be as they can lie without touching. */
export function stack(items: readonly { id: string; height: number; wanted: number }[]): { id: string; y: number }[] {
  const sorted = [...items].sort((a, b) => a.wanted - b.wanted);
  let bottom = -Infinity;
  return sorted.map(({ id, height, wanted }) => {
    const y = Math.max(wanted, bottom + NODE_GAP);
    bottom = y + height;
    return { id, y };
  });
}

/** Move everything so that the first box of the chain lies at 0, keeping all wires as straight as they are. */
function fromZero(places: Readonly<Record<string, Place>>): Record<string, Place> {
  const all = Object.values(places);
  const left = Math.min(...all.map(([x]) => x));
  const top = Math.min(...all.map(([, y]) => y));
  return Object.fromEntries(Object.entries(places).map(([id, [x, y]]) => [id, [Math.round(x - left), Math.round(y - top)] as Place]));
}

export type WirePath = { key: string; from: { x: number; y: number }; to: { x: number; y: number }; source: string; target: string };

/**
 * Return the height of the lane for each wire that would else run through boxes: the free height nearest to it, above
 * or below, `LANE` pixels off boxes and other lanes.
 */
export function lanesOf(wires: readonly WirePath[], boxes: Readonly<Record<string, Box>>): Record<string, number> {
  const lanes: Record<string, number> = {};
  const taken: { y: number; from: number; to: number }[] = [];
  const byLength = [...wires].sort((a, b) => a.to.x - a.from.x - (b.to.x - b.from.x));
  for (const wire of byLength) {
    if (!isBlocked(wire, boxes)) continue;
    const busy = taken
      .filter((lane) => lane.from < wire.to.x && wire.from.x < lane.to)
      .map(({ y }) => ({ y, height: 0 }));
    const y = laneHeight(wire, [...boxesBetween(wire, boxes), ...busy]);
    taken.push({ y, from: wire.from.x, to: wire.to.x });
    lanes[wire.key] = y;
  }
  return lanes;
}

function laneHeight(wire: WirePath, busy: readonly { y: number; height: number }[]): number {
  const middle = (wire.from.y + wire.to.y) / 2;
  const isFree = (y: number) => busy.every((box) => y <= box.y - LANE || y >= box.y + box.height + LANE);
  const heights = busy.flatMap((box) => [box.y - LANE, box.y + box.height + LANE]).filter(isFree);
  return heights.reduce((best, y) => (Math.abs(y - middle) < Math.abs(best - middle) ? y : best), Infinity);
}

function boxesBetween(wire: WirePath, boxes: Readonly<Record<string, Box>>): Box[] {
  return Object.entries(boxes).flatMap(([id, box]) =>
    id !== wire.source && id !== wire.target && box.x + box.width > wire.from.x && box.x < wire.to.x ? [box] : [],
  );
}

/** Whether the wire, drawn plainly, runs through a box. */
function isBlocked(wire: WirePath, boxes: Readonly<Record<string, Box>>): boolean {
  const { from, to } = wire;
  if (to.x - from.x < 40) return false;
  return boxesBetween(wire, boxes).some((box) =>
    [box.x, box.x + box.width / 2, box.x + box.width].some((x) => {
      const y = plainHeight(wire, Math.min(to.x, Math.max(from.x, x)));
      return y > box.y - 4 && y < box.y + box.height + 4;
    }),
  );
}

/** Height of the plain curve at x: flat at its ends, a smooth step between. */
function plainHeight({ from, to }: WirePath, x: number): number {
  const t = (x - from.x) / Math.max(1, to.x - from.x);
  const eased = t * t * (3 - 2 * t);
  return from.y + (to.y - from.y) * eased;
}

/** Return the SVG path of a wire in a lane: out, up or down to the lane, along it, and in. */
export function lanePath(from: { x: number; y: number }, to: { x: number; y: number }, lane: number): string {
  const turn = Math.min(28, Math.max(8, (to.x - from.x) / 4));
  const first = from.x + turn * 1.5;
  const last = to.x - turn * 1.5;
  return [
    `M ${from.x} ${from.y}`,
    `C ${from.x + turn} ${from.y}, ${first - turn} ${lane}, ${first} ${lane}`,
    `L ${last} ${lane}`,
    `C ${last + turn} ${lane}, ${to.x - turn} ${to.y}, ${to.x} ${to.y}`,
  ].join(" ");
}
