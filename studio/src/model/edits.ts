/** Edits of a flow: each takes a flow and gives a new one; nothing is changed in place. */
import type { ComponentCard, Flow, FlowEdge, FlowGroup, FlowNode } from "../api/types";

export type End = { node: string; port: string };
export type Place = [number, number];

export const endKey = (end: End): string => `${end.node}.${end.port}`;
export const edgeKey = (edge: FlowEdge): string => `${endKey(edge.source)}→${endKey(edge.target)}`;

export function nodeOf(flow: Flow, id: string): FlowNode | undefined {
  return flow.nodes.find((node) => node.id === id);
}

/** Return an id for a new node: the component's name, with a number where it is taken. */
export function freeId(flow: Flow, wanted: string): string {
  const taken = new Set(flow.nodes.map((node) => node.id));
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}_${number}`)) number += 1;
  return `${wanted}_${number}`;
}

/** Return the settings that a new node of a component needs before it can be checked: required ones, empty. */
export function firstSettings(card: ComponentCard): Record<string, unknown> {
  const first: Record<string, unknown> = {};
  for (const setting of card.settings) if (setting.is_required) first[setting.name] = emptyFor(card, setting.name);
  return first;
}

function emptyFor(card: ComponentCard, name: string): unknown {
  const properties = (card.settings_schema["properties"] ?? {}) as Record<string, { type?: string; minimum?: number }>;
  const schema = properties[name] ?? {};
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 1;
  if (schema.type === "array") return [];
  if (schema.type === "object") return {};
  return "";
}

export function addNode(flow: Flow, node: FlowNode, place: Place): Flow {
  return { ...flow, nodes: [...flow.nodes, node], layout: { ...flow.layout, [node.id]: place } };
}

/** Remove nodes with their wires, places and membership in groups; groups left empty go too. */
export function removeNodes(flow: Flow, ids: readonly string[]): Flow {
  const gone = new Set(ids);
  const groups = flow.groups
    .map((group) => ({ ...group, nodes: group.nodes.filter((id) => !gone.has(id)) }))
    .filter((group) => group.nodes.length > 0);
  return {
    ...flow,
    nodes: flow.nodes.filter((node) => !gone.has(node.id)),
    edges: flow.edges.filter((edge) => !gone.has(edge.source.node) && !gone.has(edge.target.node)),
    layout: Object.fromEntries(Object.entries(flow.layout).filter(([id]) => !gone.has(id))),
    groups,
  };
}

/** Connect two ends. An input holds one wire: the one that was there goes. */
export function connect(flow: Flow, source: End, target: End): Flow {
  const key = endKey(target);
  const others = flow.edges.filter((edge) => endKey(edge.target) !== key);
  return { ...flow, edges: [...others, { source, target }] };
}

export function removeEdges(flow: Flow, keys: readonly string[]): Flow {
  const gone = new Set(keys);
  return { ...flow, edges: flow.edges.filter((edge) => !gone.has(edgeKey(edge))) };
}

export function editNode(flow: Flow, id: string, change: (node: FlowNode) => FlowNode): Flow {
  return { ...flow, nodes: flow.nodes.map((node) => (node.id === id ? change(node) : node)) };
}

/** Set some settings of a node; `undefined` takes a setting back to its default. */
export function setSettings(flow: Flow, id: string, changes: Record<string, unknown>): Flow {
  return editNode(flow, id, (node) => {
    const settings = { ...node.settings, ...changes } as FlowNode["settings"];
    for (const [name, value] of Object.entries(changes)) if (value === undefined) delete settings[name];
    return { ...node, settings };
  });
}

export function setRecipe(flow: Flow, changes: Partial<Flow["recipe"]>): Flow {
  return { ...flow, recipe: { ...flow.recipe, ...changes } };
}

export function moveNodes(flow: Flow, places: Record<string, Place>): Flow {
  return { ...flow, layout: { ...flow.layout, ...places } };
}

export function setBypassed(flow: Flow, ids: readonly string[], isBypassed: boolean): Flow {
  const wanted = new Set(ids);
  const nodes = flow.nodes.map((node) => (wanted.has(node.id) ? { ...node, is_bypassed: isBypassed } : node));
  return { ...flow, nodes };
}

export function groupNodes(flow: Flow, ids: readonly string[], title: string): Flow {
  const chosen = new Set(ids);
  const others = flow.groups
    .map((group) => ({ ...group, nodes: group.nodes.filter((id) => !chosen.has(id)) }))
    .filter((group) => group.nodes.length > 0);
  const taken = new Set(others.map((group) => group.id));
  let number = 1;
  while (taken.has(`group_${number}`)) number += 1;
  const group: FlowGroup = { id: `group_${number}`, title, nodes: [...ids], is_collapsed: false, color: "" };
  return { ...flow, groups: [...others, group] };
}

export function editGroup(flow: Flow, id: string, changes: Partial<FlowGroup>): Flow {
  return { ...flow, groups: flow.groups.map((group) => (group.id === id ? { ...group, ...changes } : group)) };
}

export function ungroup(flow: Flow, id: string): Flow {
  return { ...flow, groups: flow.groups.filter((group) => group.id !== id) };
}

/** A part of a flow that travels as text: nodes, the wires between them, their places. */
export type Piece = { graftwork: "piece"; nodes: FlowNode[]; edges: FlowEdge[]; layout: Record<string, Place> };

export function copyPiece(flow: Flow, ids: readonly string[]): Piece {
  const chosen = new Set(ids);
  return {
    graftwork: "piece",
    nodes: flow.nodes.filter((node) => chosen.has(node.id)),
    edges: flow.edges.filter((edge) => chosen.has(edge.source.node) && chosen.has(edge.target.node)),
    layout: Object.fromEntries(Object.entries(flow.layout).filter(([id]) => chosen.has(id))) as Record<string, Place>,
  };
}

/** Return the piece in a text, or null when it holds none. */
export function readPiece(text: string): Piece | null {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found !== "object" || found === null || !("graftwork" in found)) return null;
    const piece = found as Partial<Piece>;
    const isWhole = piece.graftwork === "piece" && Array.isArray(piece.nodes) && Array.isArray(piece.edges);
    return isWhole ? ({ layout: {}, ...piece } as Piece) : null;
  } catch {
    return null;
  }
}

/** Paste a piece under fresh ids, moved by `by`; returns the flow and the new ids. */
export function pastePiece(flow: Flow, piece: Piece, by: Place): { flow: Flow; ids: string[] } {
  const names = new Map<string, string>();
  let next = flow;
  for (const node of piece.nodes) {
    const id = freeId(next, node.id);
    names.set(node.id, id);
    const [x, y] = piece.layout[node.id] ?? [0, 0];
    next = addNode(next, { ...node, id }, [x + by[0], y + by[1]]);
  }
  const renamed = (end: End): End => ({ ...end, node: names.get(end.node) ?? end.node });
  const edges = piece.edges
    .filter((edge) => names.has(edge.source.node) && names.has(edge.target.node))
    .map((edge) => ({ source: renamed(edge.source), target: renamed(edge.target) }));
  return { flow: { ...next, edges: [...next.edges, ...edges] }, ids: [...names.values()] };
}

/** Return the nodes that a node stands on, itself included. */
export function upstream(flow: Flow, id: string): Set<string> {
  return reach(flow, id, (edge) => [edge.target.node, edge.source.node]);
}

/** Return the nodes that stand on a node, itself included. */
export function downstream(flow: Flow, id: string): Set<string> {
  return reach(flow, id, (edge) => [edge.source.node, edge.target.node]);
}

function reach(flow: Flow, id: string, ends: (edge: FlowEdge) => [string, string]): Set<string> {
  const found = new Set([id]);
  const open = [id];
  for (let here = open.pop(); here !== undefined; here = open.pop()) {
    for (const edge of flow.edges) {
      const [from, to] = ends(edge);
      if (from === here && !found.has(to)) {
        found.add(to);
        open.push(to);
      }
    }
  }
  return found;
}
