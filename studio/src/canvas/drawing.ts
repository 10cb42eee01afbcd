/** Draws a flow for React Flow: which boxes and which wires, where. What did not change keeps its identity. */
import type { Edge, Node } from "@xyflow/react";

import type { Flow, FlowGroup, NodeFace, Problem } from "../api/types";
import { type Place, edgeKey } from "../model/edits";
import { lanesOf } from "../model/layout";
import { type Box, USUAL, around } from "../model/place";
import { type Faces, type Kind, portOf, wireWords } from "../model/wiring";
import { groupNodeId, portTop } from "./measures";

export type CanvasNode = Node<{ id: string }, "component" | "frame" | "collapsed">;
export type WireData = { kind: Kind | null; lane: number | null; words: string };
export type CanvasEdge = Edge<WireData, "wire">;
/** What the check says about one node. */
export type NodeLook = { face: NodeFace | undefined; problems: readonly Problem[] };

/** All that a drawing depends on. */
export type Scene = {
  flow: Flow;
  boxes: Readonly<Record<string, Box>>;
  faces: Faces;
  looks: Readonly<Record<string, NodeLook>>;
  selected: ReadonlySet<string>;
  /** Nodes that are being dragged. */
  moving: Readonly<Record<string, Place>>;
};

const HEAD_OF_FRAME = 30;
const EDGE_OF_FRAME = 18;

export const membersOf = (flow: Flow, group: string): readonly string[] => {
  const found = flow.groups.find((item) => item.id === group);
  return found ? found.nodes.filter((id) => flow.nodes.some((node) => node.id === id)) : [];
};

/** Return the new items, each that equals an old one replaced by it. */
function reuse<T extends { id: string }>(before: T[], now: T[], areSame: (a: T, b: T) => boolean): T[] {
  const old = new Map(before.map((item) => [item.id, item]));
  let isSame = before.length === now.length;
  const next = now.map((item, index) => {
    const found = old.get(item.id);
    const kept = found && areSame(found, item) ? found : item;
    if (kept !== before[index]) isSame = false;
    return kept;
  });
  return isSame ? before : next;
}

const sameNode = (a: CanvasNode, b: CanvasNode): boolean =>
  a.position.x === b.position.x &&
  a.position.y === b.position.y &&
  a.selected === b.selected &&
  a.type === b.type &&
  a.measured === b.measured &&
  a.width === b.width &&
  a.height === b.height &&
  a.ariaLabel === b.ariaLabel;

const sameEdge = (a: CanvasEdge, b: CanvasEdge): boolean =>
  a.selected === b.selected &&
  a.source === b.source &&
  a.sourceHandle === b.sourceHandle &&
  a.target === b.target &&
  a.targetHandle === b.targetHandle &&
  a.data?.kind === b.data?.kind &&
  a.data?.lane === b.data?.lane &&
  a.data?.words === b.data?.words;

/** Return the boxes of nodes and groups; members of a collapsed group are not drawn. */
export function drawNodes({ flow, boxes, selected, looks }: Scene, before: CanvasNode[]): CanvasNode[] {
  const old = new Map(before.map((node) => [node.id, node]));
  const hidden = new Set<string>();
  const frames = flow.groups.flatMap((group) => {
    const members = membersOf(flow, group.id);
    if (members.length === 0) return [];
    if (group.is_collapsed) for (const id of members) hidden.add(id);
    return [groupNode(group, members.map((id) => boxes[id] as Box), selected)];
  });
  const shown = flow.nodes.filter((node) => !hidden.has(node.id));
  const own = shown.map(({ id }): CanvasNode => {
    const box = boxes[id] as Box;
    const look = looks[id];
    return {
      id,
      type: "component",
      data: { id },
      position: { x: box.x, y: box.y },
      selected: selected.has(id),
      ariaLabel: `${look?.face?.title ?? id}, node ${id}`,
    };
  });
  const now = [...frames, ...own].map((node) => {
    const measured = old.get(node.id)?.measured;
    return measured && old.get(node.id)?.type === node.type ? { ...node, measured } : node;
  });
  return reuse(before, now, sameNode);
}

function groupNode(group: FlowGroup, boxes: readonly Box[], selected: ReadonlySet<string>): CanvasNode {
  const id = groupNodeId(group.id);
  const box = around(boxes) ?? { x: 0, y: 0, ...USUAL };
  const title = group.title || group.id;
  const common = { id, data: { id: group.id }, selected: selected.has(id) };
  if (group.is_collapsed) {
    const ariaLabel = `${title}, collapsed group of ${group.nodes.length} nodes`;
    return { ...common, type: "collapsed", position: { x: box.x, y: box.y }, ariaLabel };
  }
  return {
    ...common,
    type: "frame",
    position: { x: box.x - EDGE_OF_FRAME, y: box.y - HEAD_OF_FRAME - EDGE_OF_FRAME / 2 },
    width: box.width + 2 * EDGE_OF_FRAME,
    height: box.height + HEAD_OF_FRAME + 1.5 * EDGE_OF_FRAME,
    zIndex: -1,
    dragHandle: ".frame-head",
    style: { pointerEvents: "none" },
    ariaLabel: `${title}, group of ${group.nodes.length} nodes`,
  };
}

/** Return the wires; those of a collapsed group end at its box. While nodes move, lanes stay as they were. */
export function drawEdges({ flow, boxes, selected, faces, moving }: Scene, before: CanvasEdge[]): CanvasEdge[] {
  const owner = new Map<string, string>();
  for (const group of flow.groups) if (group.is_collapsed) for (const id of group.nodes) owner.set(id, group.id);
  const isMoving = Object.keys(moving).length > 0;
  const lanes = isMoving ? null : lanesNow(flow, boxes, faces, owner);
  const old = new Map(before.map((edge) => [edge.id, edge.data?.lane ?? null]));
  const known = new Set(flow.nodes.map((node) => node.id));
  const now = flow.edges.flatMap((edge): CanvasEdge[] => {
    const { source, target } = edge;
    const [from, to] = [owner.get(source.node), owner.get(target.node)];
    if ((from !== undefined && from === to) || !known.has(source.node) || !known.has(target.node)) return [];
    // Until the check has told of the ports there is nothing to draw the wire to.
    if (!portOf(faces, source, "output") || !portOf(faces, target, "input")) return [];
    const id = edgeKey(edge);
    const touches = source.node in moving || target.node in moving;
    const words = wireWords(faces, edge);
    return [
      {
        id,
        type: "wire",
        source: from ? groupNodeId(from) : source.node,
        sourceHandle: from ? `${source.node}.${source.port}` : source.port,
        target: to ? groupNodeId(to) : target.node,
        targetHandle: to ? `${target.node}.${target.port}` : target.port,
        selected: selected.has(id),
        reconnectable: !from && !to,
        ariaLabel: `Wire ${words}`,
        data: {
          kind: portOf(faces, source, "output")?.kind ?? null,
          lane: lanes ? (lanes[id] ?? null) : touches ? null : (old.get(id) ?? null),
          words,
        },
      },
    ];
  });
  return reuse(before, now, sameEdge);
}

function lanesNow(flow: Flow, boxes: Readonly<Record<string, Box>>, faces: Faces, owner: Map<string, string>): Record<string, number> {
  const index = (id: string, port: string, side: "inputs" | "outputs") =>
    Math.max(0, faces[id]?.[side].findIndex((item) => item.name === port) ?? 0);
  const wires = flow.edges.flatMap((edge) => {
    const { source, target } = edge;
    const [from, to] = [boxes[source.node], boxes[target.node]];
    if (!from || !to || owner.has(source.node) || owner.has(target.node)) return [];
    return {
      key: edgeKey(edge),
      source: source.node,
      target: target.node,
      from: { x: from.x + from.width, y: from.y + portTop(index(source.node, source.port, "outputs")) },
      to: { x: to.x, y: to.y + portTop(index(target.node, target.port, "inputs")) },
    };
  });
  const drawn = Object.fromEntries(Object.entries(boxes).filter(([id]) => !owner.has(id)));
  return lanesOf(wires, drawn);
}
