/**
 * The nodes and wires that React Flow draws, derived from the flow, its check, the selection and a drag under way.
 * What did not change keeps its identity, so that a drag of one node draws one node anew.
 */
import { type EdgeChange, type NodeChange, applyNodeChanges } from "@xyflow/react";
import { create } from "zustand";

import type { Flow, FlowCheck } from "../api/types";
import type { Place } from "../model/edits";
import { type Box, USUAL, firstPlaces } from "../model/place";
import type { Faces } from "../model/wiring";
import { useChecks } from "../store/checking";
import { type Doc, useOpen } from "../store/doc";
import { useView } from "../store/view";
import { type CanvasEdge, type CanvasNode, type NodeLook, type Scene, drawEdges, drawNodes, membersOf } from "./drawing";
import { groupOfId, isGroupId } from "./measures";

export { membersOf } from "./drawing";
export type { CanvasEdge, CanvasNode, NodeLook } from "./drawing";

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

let faces: { of: Shown["looks"]; found: Faces } = { of: NOTHING.looks, found: {} };

/** Return the faces of all nodes, as the last check told them. */
export function facesNow(): Faces {
  const { looks } = useShown.getState();
  if (faces.of !== looks) {
    const found = Object.entries(looks).flatMap(([id, { face }]) => (face ? [[id, face] as const] : []));
    faces = { of: looks, found: Object.fromEntries(found) };
  }
  return faces.found;
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

/** Return the nodes that a selection stands for: those of its groups among them; wires left out. */
export function nodesIn(flow: Flow, ids: readonly string[]): string[] {
  const all = ids.flatMap((id) => (isGroupId(id) ? membersOf(flow, groupOfId(id)) : [id]));
  return [...new Set(all)].filter((id) => flow.nodes.some((node) => node.id === id));
}

function refresh(): void {
  const flow = flowNow();
  if (!flow) return;
  const state = useShown.getState();
  const { looks, moving } = state;
  const scene: Scene = {
    flow,
    boxes: boxesOf(flow),
    faces: facesNow(),
    looks,
    moving,
    selected: new Set(useView.getState().selection),
  };
  const nodes = drawNodes(scene, state.nodes);
  const edges = drawEdges(scene, state.edges);
  if (nodes !== state.nodes || edges !== state.edges) useShown.setState({ nodes, edges });
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
