/**
 * The nodes and wires that React Flow draws, derived from the flow, its check, the selection and a drag under way.
 * What did not change keeps its identity, so that a drag of one node draws one node anew.
 */
import { type Edge, type EdgeChange, type Node, type NodeChange, applyNodeChanges } from "@xyflow/react";
import { create } from "zustand";

import type { Flow, FlowCheck, FlowGroup, NodeFace, Problem } from "../api/types";
import { type Place, edgeKey } from "../model/edits";
import { lanesOf } from "../model/layout";
import { type Box, USUAL, around, firstPlaces } from "../model/place";
import { type Faces, type Kind, portOf, wireWords } from "../model/wiring";
import { useChecks } from "../store/checking";
import { type Doc, useOpen } from "../store/doc";
import { useView } from "../store/view";
import { groupNodeId, groupOfId, isGroupId, portTop } from "./measures";

export type CanvasNode = Node<{ id: string }, "component" | "frame" | "collapsed">;
export type WireData = { kind: Kind | null; lane: number | null; words: string };
export type CanvasEdge = Edge<WireData, "wire">;
/** What the check says about one node. */
export type NodeLook = { face: NodeFace | undefined; problems: readonly Problem[] };

/** A place that is shown instead of the flow's own, as long as that one is `base`. Opening a flow changes no file. */
type Instead = { base: Place | undefined; place: Place };

type Shown = {
  nodes: CanvasNode[];
  edges: CanvasEdge[];
  looks: Readonly<Record<string, NodeLook>>;
  instead: Readonly<Record<string, Instead>>;
  moving: Readonly<Record<string, Place>>;
};
const NOTHING: Shown = { nodes: [], edges: [], looks: {}, instead: {}, moving: {} };
export const useShown = create<Shown>(() => NOTHING);

const NO_LOOK: NodeLook = { face: undefined, problems: [] };
export const useLook = (id: string): NodeLook => useShown((state) => state.looks[id] ?? NO_LOOK);

let doc: Doc | null = null;
let key: string | null = null;
const HEAD_OF_FRAME = 30;
const EDGE_OF_FRAME = 18;

/** Draw the active flow, and keep it drawn. Returns how to end it. */
export function showActive(): () => void {
  key = useOpen.getState().active;
  doc = key ? (useOpen.getState().docs[key] ?? null) : null;
  useShown.setState(NOTHING, true);
  const readCheck = () => {
    const check = key ? useChecks.getState().checks[key] : undefined;
    if (check) useShown.setState((state) => ({ looks: looksOf(check, state.looks) }));
  };
  readCheck();
  refresh();
  const ends = [
    doc?.subscribe((state, before) => (state.flow === before.flow ? undefined : refresh())),
    useChecks.subscribe(() => {
      readCheck();
      refresh();
    }),
    useView.subscribe((state, before) => (state.selection === before.selection ? undefined : refresh())),
  ];
  return () => {
    for (const end of ends) end?.();
    doc = null;
    key = null;
  };
}

const flowNow = (): Flow | null => doc?.getState().flow ?? null;

export function facesNow(): Faces {
  return Object.fromEntries(
    Object.entries(useShown.getState().looks).flatMap(([id, { face }]) => (face ? [[id, face]] : [])),
  );
}

/** Return where each node of the flow is shown. */
export function placesOf(flow: Flow, state: Pick<Shown, "instead"> = useShown.getState()): Record<string, Place> {
  const first = firstPlaces(flow);
  return Object.fromEntries(
    flow.nodes.map(({ id }) => {
      const own = flow.layout[id] as Place | undefined;
      const other = state.instead[id];
      const isMeant = other !== undefined && other.base?.[0] === own?.[0] && other.base?.[1] === own?.[1];
      return [id, isMeant ? other.place : (own ?? first[id] ?? [0, 0])];
    }),
  );
}

/** Show nodes elsewhere than the flow says, until they are moved by hand. */
export function showInstead(places: Readonly<Record<string, Place>>): void {
  const flow = flowNow();
  if (!flow) return;
  const added = Object.entries(places).map(([id, place]) => [id, { base: flow.layout[id] as Place | undefined, place }]);
  useShown.setState((state) => ({ instead: { ...state.instead, ...(Object.fromEntries(added) as Record<string, Instead>) } }));
  refresh();
}

/** Return the box of each node as it is shown; members of a collapsed group too. */
export function boxesOf(flow: Flow): Record<string, Box> {
  const places = { ...placesOf(flow), ...useShown.getState().moving };
  const sizes = new Map(useShown.getState().nodes.map((node) => [node.id, node.measured]));
  return Object.fromEntries(
    flow.nodes.map(({ id }) => {
      const [x, y] = places[id] ?? [0, 0];
      const size = sizes.get(id);
      return [id, { x, y, width: size?.width ?? USUAL.width, height: size?.height ?? USUAL.height }];
    }),
  );
}

export const membersOf = (flow: Flow, group: string): readonly string[] => {
  const found = flow.groups.find((item) => item.id === group);
  return found ? found.nodes.filter((id) => flow.nodes.some((node) => node.id === id)) : [];
};

/** Return the nodes that a selection stands for: those of its groups among them; wires left out. */
export function nodesIn(flow: Flow, ids: readonly string[]): string[] {
  const all = ids.flatMap((id) => (isGroupId(id) ? membersOf(flow, groupOfId(id)) : [id]));
  return [...new Set(all)].filter((id) => flow.nodes.some((node) => node.id === id));
}

function refresh(): void {
  const flow = flowNow();
  if (!flow) return;
  const state = useShown.getState();
  const selected = new Set(useView.getState().selection);
  const boxes = boxesOf(flow);
  const nodes = reuse(state.nodes, drawnNodes(flow, boxes, selected, state));
  const edges = reuse(state.edges, drawnEdges(flow, boxes, selected, state));
  if (nodes !== state.nodes || edges !== state.edges) useShown.setState({ nodes, edges });
}

/** Return the new items, each that equals an old one replaced by it. */
function reuse<T extends { id: string }>(before: T[], now: T[]): T[] {
  const old = new Map(before.map((item) => [item.id, item]));
  let isSame = before.length === now.length;
  const next = now.map((item, index) => {
    const found = old.get(item.id);
    const kept = found && JSON.stringify(found) === JSON.stringify(item) ? found : item;
    if (kept !== before[index]) isSame = false;
    return kept;
  });
  return isSame ? before : next;
}

function drawnNodes(flow: Flow, boxes: Record<string, Box>, selected: Set<string>, state: Shown): CanvasNode[] {
  const old = new Map(state.nodes.map((node) => [node.id, node]));
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
    const look = state.looks[id];
    return {
      id,
      type: "component",
      data: { id },
      position: { x: box.x, y: box.y },
      selected: selected.has(id),
      ariaLabel: `${look?.face?.title ?? id}, node ${id}`,
    };
  });
  return [...frames, ...own].map((node) => {
    const measured = old.get(node.id)?.measured;
    return measured && old.get(node.id)?.type === node.type ? { ...node, measured } : node;
  });
}

function groupNode(group: FlowGroup, boxes: readonly Box[], selected: Set<string>): CanvasNode {
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

function drawnEdges(flow: Flow, boxes: Record<string, Box>, selected: Set<string>, state: Shown): CanvasEdge[] {
  const faces = facesNow();
  const owner = new Map<string, string>();
  for (const group of flow.groups) if (group.is_collapsed) for (const id of group.nodes) owner.set(id, group.id);
  const isMoving = Object.keys(state.moving).length > 0;
  const lanes = isMoving ? null : lanesNow(flow, boxes, faces, owner);
  const old = new Map(state.edges.map((edge) => [edge.id, edge.data?.lane ?? null]));
  const known = new Set(flow.nodes.map((node) => node.id));
  return flow.edges.flatMap((edge): CanvasEdge[] => {
    const { source, target } = edge;
    const [from, to] = [owner.get(source.node), owner.get(target.node)];
    if ((from !== undefined && from === to) || !known.has(source.node) || !known.has(target.node)) return [];
    // Until the check has told of the ports there is nothing to draw the wire to.
    if (!portOf(faces, source, "output") || !portOf(faces, target, "input")) return [];
    const id = edgeKey(edge);
    const touches = source.node in state.moving || target.node in state.moving;
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
}

function lanesNow(flow: Flow, boxes: Record<string, Box>, faces: Faces, owner: Map<string, string>): Record<string, number> {
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

function looksOf(check: FlowCheck, before: Shown["looks"]): Shown["looks"] {
  const next: Record<string, NodeLook> = {};
  for (const [id, face] of Object.entries(check.faces)) {
    const look = { face, problems: check.problems.filter((problem) => problem.node === id) };
    const old = before[id];
    next[id] = old && JSON.stringify(old) === JSON.stringify(look) ? old : look;
  }
  return next;
}

/** Take in what React Flow reports: sizes, a drag under way, the selection. */
export function takeNodeChanges(changes: NodeChange<CanvasNode>[]): void {
  const flow = flowNow();
  if (!flow) return;
  const sizes = changes.filter((change) => change.type === "dimensions");
  if (sizes.length > 0) useShown.setState((state) => ({ nodes: applyNodeChanges(sizes, state.nodes) }));
  const moves = changes.flatMap((change) =>
    change.type === "position" && change.position && change.dragging ? [{ id: change.id, to: change.position }] : [],
  );
  if (moves.length > 0) moveWhileDragging(flow, moves);
  select(changes);
  if (sizes.length > 0 || moves.length > 0) refresh();
}

function moveWhileDragging(flow: Flow, moves: readonly { id: string; to: { x: number; y: number } }[]): void {
  const { nodes, moving } = useShown.getState();
  const next: Record<string, Place> = { ...moving };
  const places = { ...placesOf(flow), ...moving };
  for (const { id, to } of moves) if (!isGroupId(id)) next[id] = [to.x, to.y];
  for (const { id, to } of moves) {
    const before = isGroupId(id) ? nodes.find((node) => node.id === id)?.position : undefined;
    if (!before) continue;
    for (const member of membersOf(flow, groupOfId(id))) {
      const [x, y] = places[member] ?? [0, 0];
      if (!moves.some((move) => move.id === member)) next[member] = [x + to.x - before.x, y + to.y - before.y];
    }
  }
  useShown.setState({ moving: next });
}

/** End a drag; returns where its nodes lie now. */
export function endMoving(): Record<string, Place> {
  const { moving } = useShown.getState();
  useShown.setState({ moving: {} });
  return moving;
}
export const redraw = refresh;

export const takeEdgeChanges = (changes: EdgeChange<CanvasEdge>[]): void => select(changes);

function select(changes: readonly (NodeChange<CanvasNode> | EdgeChange<CanvasEdge>)[]): void {
  const chosen = new Set(useView.getState().selection);
  for (const change of changes) {
    if (change.type !== "select") continue;
    if (change.selected) chosen.add(change.id);
    else chosen.delete(change.id);
  }
  if (changes.some((change) => change.type === "select")) useView.getState().select([...chosen]);
}
