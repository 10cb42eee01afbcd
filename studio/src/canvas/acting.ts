/** What commands act on: the selection, or what has the keyboard; and how it is spoken of. */
import type { Flow } from "../api/types";
import { activeDoc } from "../store/doc";
import { useView } from "../store/view";
import { groupOfId, isGroupId } from "./measures";
import { nodesIn, useShown } from "./shown";
import { focusedId } from "./ui";

const flowNow = (): Flow | null => activeDoc()?.getState().flow ?? null;
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Return what commands act on: the selection, or what has the keyboard when that is not selected. */
export function acting(): readonly string[] {
  const { selection } = useView.getState();
  const focused = focusedId();
  return focused && !selection.includes(focused) ? [focused] : selection;
}

/** Return the nodes that commands act on. */
export function actingNodes(): string[] {
  const flow = flowNow();
  return flow ? nodesIn(flow, acting()) : [];
}

export function nameOf(id: string): string {
  return useShown.getState().looks[id]?.face?.title ?? id;
}

export const naming = (ids: readonly string[]): string => (ids.length === 1 && ids[0] ? nameOf(ids[0]) : count(ids.length, "node"));

/** Return the groups that a selection touches. */
export function actingGroups(): string[] {
  const flow = flowNow();
  if (!flow) return [];
  const chosen = acting();
  const nodes = new Set(nodesIn(flow, chosen));
  const own = chosen.filter(isGroupId).map(groupOfId);
  const around = flow.groups.filter((group) => group.nodes.some((id) => nodes.has(id))).map((group) => group.id);
  return own.length > 0 ? own : around;
}
