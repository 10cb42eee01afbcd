/** What can be done to nodes and wires. Each is one edit, undone as one. */
import type { Flow } from "../api/types";
import {
  type End,
  type Piece,
  type Place,
  connect,
  copyPiece,
  editGroup,
  editNode,
  endKey,
  groupNodes,
  moveNodes,
  pastePiece,
  readPiece,
  removeEdges,
  removeNodes,
  setBypassed,
  ungroup,
} from "../model/edits";
import { arrange } from "../model/layout";
import { GRID, around } from "../model/place";
import { whyNotWired, wireInto } from "../model/wiring";
import { activeDoc, edit } from "../store/doc";
import { say, sayError, useToasts } from "../store/toast";
import { useView } from "../store/view";
import { groupNodeId, groupOfId, isGroupId, portTop } from "./measures";
import { boxesOf, endMoving, facesNow, nodesIn, placesOf, redraw, useShown } from "./shown";
import { focusCanvas, focusedId, placeAt, screenPointer, theCanvas, useCanvasUi } from "./ui";
import { FIT } from "./viewports";

const announce = (text: string): void => useToasts.getState().announce(text);
const flowNow = (): Flow | null => activeDoc()?.getState().flow ?? null;
const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

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

const naming = (ids: readonly string[]): string => (ids.length === 1 && ids[0] ? nameOf(ids[0]) : count(ids.length, "node"));

export function deleteActing(): void {
  const flow = flowNow();
  const chosen = acting();
  if (!flow) return;
  const nodes = nodesIn(flow, chosen);
  const wires = chosen.filter((id) => id.includes("→"));
  if (nodes.length === 0 && wires.length === 0) return;
  const label = nodes.length > 0 ? `Delete ${naming(nodes)}` : `Delete ${count(wires.length, "wire")}`;
  edit(label, (now) => removeNodes(removeEdges(now, wires), nodes));
  useView.getState().select([]);
  announce(`${label}: done.`);
  focusCanvas();
}

export function selectAll(): void {
  const nodes = useShown.getState().nodes.filter((node) => node.type !== "frame").map((node) => node.id);
  useView.getState().select(nodes);
  announce(`${count(nodes.length, "node")} selected.`);
}

let lastPiece: Piece | null = null;

/** Put the nodes as text on the clipboard; returns how many. */
export async function copyActing(isQuiet = false): Promise<number> {
  const flow = flowNow();
  const ids = actingNodes();
  if (!flow || ids.length === 0) return 0;
  lastPiece = copyPiece({ ...flow, layout: placesOf(flow) }, ids);
  try {
    await navigator.clipboard.writeText(JSON.stringify(lastPiece, null, 2));
  } catch {
    say("The browser gives no clipboard here; pasting works inside this page.");
  }
  if (!isQuiet) say(`Copied ${naming(ids)}`);
  return ids.length;
}

export async function cutActing(): Promise<void> {
  const flow = flowNow();
  const ids = actingNodes();
  if (!flow || (await copyActing(true)) === 0) return;
  edit(`Cut ${naming(ids)}`, (now) => removeNodes(now, ids));
  useView.getState().select([]);
  focusCanvas();
}

export async function paste(): Promise<void> {
  let text = "";
  try {
    text = await navigator.clipboard.readText();
  } catch {
    // Not allowed to read it: what was copied in this page is still known.
  }
  const piece = readPiece(text) ?? (text === "" ? lastPiece : null);
  if (!piece) {
    const hint = "Copy nodes of a flow first; other text cannot become nodes.";
    say("The clipboard holds no nodes.", { tone: "error", hint });
    return;
  }
  insert(piece, placeAt(screenPointer()), "Paste");
}

/** Put a piece with its middle at a place, or a little off the originals. */
function insert(piece: Piece, at: Place | null, verb: string): void {
  const boxes = piece.nodes.map(({ id }) => {
    const [x, y] = piece.layout[id] ?? [0, 0];
    return { x, y, width: 240, height: 160 };
  });
  const box = around(boxes);
  if (!box) return;
  const by: Place = at ? [at[0] - box.x - box.width / 2, at[1] - box.y - box.height / 2] : [3 * GRID, 3 * GRID];
  let ids: string[] = [];
  edit(`${verb} ${count(piece.nodes.length, "node")}`, (flow) => {
    const pasted = pastePiece(flow, piece, [Math.round(by[0]), Math.round(by[1])]);
    ids = pasted.ids;
    return pasted.flow;
  });
  useView.getState().select(ids);
  announce(`${verb}: ${ids.join(", ")}`);
  focusCanvas(ids[0]);
}

export function duplicate(): void {
  const flow = flowNow();
  const ids = actingNodes();
  if (!flow || ids.length === 0) return;
  const piece = copyPiece({ ...flow, layout: placesOf(flow) }, ids);
  const box = around(Object.entries(boxesOf(flow)).flatMap(([id, item]) => (ids.includes(id) ? [item] : [])));
  const middle: Place | null = box ? [box.x + box.width / 2 + 3 * GRID, box.y + box.height + 120] : null;
  insert(piece, middle, "Duplicate");
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
  focusCanvas(groupNodeId(first));
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

/** Lay out all nodes anew; returns their places. */
export async function layoutPlaces(): Promise<Record<string, Place>> {
  const flow = flowNow();
  if (!flow) return {};
  const faces = facesNow();
  const boxes = boxesOf(flow);
  const tops = (ports: readonly { name: string }[]) => Object.fromEntries(ports.map((port, index) => [port.name, portTop(index)]));
  return arrange(
    flow.nodes.map(({ id }) => ({
      id,
      width: boxes[id]?.width ?? 240,
      height: boxes[id]?.height ?? 180,
      inputs: tops(faces[id]?.inputs ?? []),
      outputs: tops(faces[id]?.outputs ?? []),
    })),
    flow.edges
      .filter((edge) => edge.source.node in boxes && edge.target.node in boxes)
      .map(({ source, target }) => ({ source: source.node, out: source.port, target: target.node, in: target.port })),
  );
}

export function arrangeAll(): void {
  layoutPlaces()
    .then((places) => {
      edit("Arrange all nodes", (flow) => moveNodes(flow, places));
      announce("All nodes arranged.");
      window.setTimeout(() => void theCanvas()?.fitView({ ...FIT, duration: 200 }), 50);
    })
    .catch(sayError);
}
