/** What can be done to nodes and wires. Each is one edit, undone as one. */
import type { Flow } from "../api/types";
import {
  type End,
  type Place,
  connect,
  editGroup,
  editNode,
  endKey,
  groupNodes,
  moveNodes,
  removeEdges,
  removeNodes,
  setBypassed,
  ungroup,
} from "../model/edits";
import { whyNotWired, wireInto } from "../model/wiring";
import { activeDoc, edit } from "../store/doc";
import { say, useToasts } from "../store/toast";
import { useView } from "../store/view";
import { acting, actingGroups, actingNodes, count, naming } from "./acting";
import { groupNodeId, groupOfId, isGroupId } from "./measures";
import { endMoving, facesNow, nodesIn, placesOf, redraw, useShown } from "./shown";
import { focusCanvas, isOnCanvas, useCanvasUi } from "./ui";

export { acting, actingGroups, actingNodes, nameOf } from "./acting";
export { duplicate } from "./clipboard";

const announce = (text: string): void => useToasts.getState().announce(text);
const flowNow = (): Flow | null => activeDoc()?.getState().flow ?? null;

export function deleteActing(): void {
  const flow = flowNow();
  const isHere = isOnCanvas();
  const chosen = acting();
  if (!flow) return;
  const nodes = nodesIn(flow, chosen);
  const wires = chosen.filter((id) => id.includes("→"));
  if (nodes.length === 0 && wires.length === 0) return;
  const label = nodes.length > 0 ? `Delete ${naming(nodes)}` : `Delete ${count(wires.length, "wire")}`;
  edit(label, (now) => removeNodes(removeEdges(now, wires), nodes));
  useView.getState().select([]);
  announce(`${label}: done.`);
  if (isHere) focusCanvas();
}

export function selectAll(): void {
  const nodes = useShown.getState().nodes.filter((node) => node.type !== "frame").map((node) => node.id);
  useView.getState().select(nodes);
  announce(`${count(nodes.length, "node")} selected.`);
}

export function toggleBypass(ids: readonly string[] = actingNodes()): void {
  const flow = flowNow();
  if (!flow) return;
  const looks = useShown.getState().looks;
  const able = ids.filter((id) => !looks[id]?.face?.why_not_bypassed);
  const [first] = ids;
  if (able.length === 0 && first) {
    say(`'${first}' ${looks[first]?.face?.why_not_bypassed ?? "cannot be bypassed."}`, { tone: "error" });
    return;
  }
  const isOn = flow.nodes.some((node) => able.includes(node.id) && !node.is_bypassed);
  const label = isOn ? `Bypass ${naming(able)}` : `Use ${naming(able)} again`;
  edit(label, (now) => setBypassed(now, able, isOn));
  announce(`${label}: done.`);
}

export function groupActing(): void {
  const ids = actingNodes();
  const flow = flowNow();
  if (!flow || ids.length === 0) return;
  let made = "";
  edit(`Group ${naming(ids)}`, (now) => {
    const next = groupNodes({ ...now, layout: { ...now.layout, ...placesOf(now) } }, ids, "");
    made = next.groups.at(-1)?.id ?? "";
    return editGroup(next, made, { title: made.replace("group_", "Group ") });
  });
  useView.getState().select([groupNodeId(made)]);
  useCanvasUi.getState().set({ renaming: groupNodeId(made) });
}

export function ungroupActing(): void {
  const groups = actingGroups();
  edit(`Dissolve ${count(groups.length, "group")}`, (flow) => groups.reduce((now, id) => ungroup(now, id), flow));
}

export function toggleCollapsed(groups: readonly string[] = actingGroups()): void {
  const flow = flowNow();
  const [first] = groups;
  if (!flow || !first) return;
  const isOpen = flow.groups.some((group) => groups.includes(group.id) && !group.is_collapsed);
  const label = `${isOpen ? "Collapse" : "Open"} ${flow.groups.find((group) => group.id === first)?.title || first}`;
  edit(label, (now) => groups.reduce((next, id) => editGroup(next, id, { is_collapsed: isOpen }), now));
  useView.getState().select(groups.map(groupNodeId));
  announce(`${label}: done.`);
  if (isOnCanvas()) focusCanvas(groupNodeId(first));
}

/** Give a node or a group another title. */
export function rename(id: string, title: string): void {
  const text = title.trim();
  if (isGroupId(id)) edit(`Rename a group to ${text || "its id"}`, (flow) => editGroup(flow, groupOfId(id), { title: text }));
  else edit(`Rename ${id} to ${text || "its component"}`, (flow) => editNode(flow, id, (node) => (node.title === text ? node : { ...node, title: text })));
}

/** Draw a wire if it can be; say why not else. */
export function wireUp(source: End, target: End, instead?: string): boolean {
  const flow = flowNow();
  if (!flow) return false;
  const base = instead ? removeEdges(flow, [instead]) : flow;
  const whyNot = whyNotWired(base, facesNow(), source, target);
  if (whyNot) {
    say(whyNot, { tone: "error" });
    return false;
  }
  const before = wireInto(base, target);
  const label = `Connect ${endKey(source)} to ${endKey(target)}`;
  edit(label, (now) => connect(instead ? removeEdges(now, [instead]) : now, source, target));
  announce(before ? `${label}, instead of ${endKey(before.source)}.` : `${label}: done.`);
  return true;
}

/** End a drag: one edit with all places. */
export function dropMoved(): void {
  const moved = endMoving();
  const flow = flowNow();
  if (!flow) return;
  const before = placesOf(flow);
  const ids = Object.keys(moved).filter((id) => before[id]?.[0] !== moved[id]?.[0] || before[id]?.[1] !== moved[id]?.[1]);
  if (ids.length === 0) return redraw();
  const places = Object.fromEntries(Object.entries(moved).map(([id, [x, y]]) => [id, [Math.round(x), Math.round(y)] as Place]));
  edit(`Move ${naming(ids)}`, (now) => moveNodes(now, { ...before, ...places }));
}

const BURST_MS = 700;
let burst: { ids: string; at: number; flow: Flow } | null = null;

/** Move nodes with the arrow keys. Presses that follow one another are one edit. */
export function nudge(dx: number, dy: number): void {
  const doc = activeDoc();
  const ids = actingNodes();
  const flow = doc?.getState().flow;
  if (!doc || !flow || ids.length === 0) return;
  const before = placesOf(flow);
  const places = Object.fromEntries(ids.map((id) => [id, [(before[id]?.[0] ?? 0) + dx, (before[id]?.[1] ?? 0) + dy] as Place]));
  const next = moveNodes(flow, { ...before, ...places });
  const goesOn = burst && burst.ids === ids.join() && burst.flow === flow && Date.now() - burst.at < BURST_MS;
  if (goesOn) {
    doc.temporal.getState().pause();
    doc.setState({ flow: next });
    doc.temporal.getState().resume();
  } else {
    edit(`Move ${naming(ids)}`, () => next);
  }
  burst = { ids: ids.join(), at: Date.now(), flow: next };
}
