/** The flow as a tree: groups, nodes in the order of the data, the wires that come into each. */
import type { Flow, FlowEdge, FlowGroup, FlowNode } from "../api/types";
import { edgeKey } from "./edits";

export type OutlineRow =
  | { kind: "group"; key: string; level: number; parent: null; group: FlowGroup; hasChildren: boolean }
  | { kind: "node"; key: string; level: number; parent: string | null; node: FlowNode; hasChildren: boolean }
  | { kind: "wire"; key: string; level: number; parent: string; edge: FlowEdge; hasChildren: false };

/** Return the nodes so that each stands after what it takes from; of a loop, the rest in the flow's order. */
export function dataOrder(flow: Flow): FlowNode[] {
  const left = [...flow.nodes];
  const known = new Set(left.map((node) => node.id));
  const done = new Set<string>();
  const ordered: FlowNode[] = [];
  const isDue = (node: FlowNode) =>
    flow.edges.every((edge) => edge.target.node !== node.id || !known.has(edge.source.node) || done.has(edge.source.node));
  while (left.length > 0) {
    const at = Math.max(0, left.findIndex(isDue));
    const [next] = left.splice(at, 1);
    if (!next) break;
    done.add(next.id);
    ordered.push(next);
  }
  return ordered;
}

/** Return the rows of the tree that are in sight; `closed` are the keys of rows that are folded. */
export function outlineRows(flow: Flow, closed: ReadonlySet<string>): OutlineRow[] {
  const rows: OutlineRow[] = [];
  const groupOf = new Map(flow.groups.flatMap((group) => group.nodes.map((id) => [id, group] as const)));
  const ordered = dataOrder(flow);
  const shown = new Set<string>();
  for (const node of ordered) {
    const group = groupOf.get(node.id);
    if (!group) {
      rows.push(...nodeRows(flow, node, 1, null, closed));
      continue;
    }
    if (shown.has(group.id)) continue;
    shown.add(group.id);
    const key = groupKey(group.id);
    rows.push({ kind: "group", key, level: 1, parent: null, group, hasChildren: true });
    if (closed.has(key)) continue;
    for (const inside of ordered) {
      if (groupOf.get(inside.id) === group) rows.push(...nodeRows(flow, inside, 2, key, closed));
    }
  }
  return rows;
}

function nodeRows(flow: Flow, node: FlowNode, level: number, parent: string | null, closed: ReadonlySet<string>): OutlineRow[] {
  const wires = flow.edges.filter((edge) => edge.target.node === node.id);
  const key = nodeKey(node.id);
  const row: OutlineRow = { kind: "node", key, level, parent, node, hasChildren: wires.length > 0 };
  if (closed.has(key)) return [row];
  return [
    row,
    ...wires.map((edge): OutlineRow => ({ kind: "wire", key: `wire:${edgeKey(edge)}`, level: level + 1, parent: key, edge, hasChildren: false })),
  ];
}

export const nodeKey = (id: string): string => `node:${id}`;
export const groupKey = (id: string): string => `group:${id}`;

export type TreeMove = { go: string } | { open: string } | { close: string } | null;

/** Return what a key does in a tree, as trees everywhere do: walk, open, fold, jump to the parent. */
export function treeMove(rows: readonly OutlineRow[], here: string, key: string, closed: ReadonlySet<string>): TreeMove {
  const at = rows.findIndex((row) => row.key === here);
  const row = rows[at];
  const first = rows[0];
  if (!row || !first) return first ? { go: first.key } : null;
  const to = (index: number): TreeMove => {
    const target = rows[Math.min(rows.length - 1, Math.max(0, index))];
    return target && target.key !== here ? { go: target.key } : null;
  };
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at - 1);
    case "Home":
      return to(0);
    case "End":
      return to(rows.length - 1);
    case "ArrowRight":
      if (!row.hasChildren) return null;
      return closed.has(row.key) ? { open: row.key } : to(at + 1);
    case "ArrowLeft":
      if (row.hasChildren && !closed.has(row.key)) return { close: row.key };
      return row.parent ? { go: row.parent } : null;
    default:
      return null;
  }
}
