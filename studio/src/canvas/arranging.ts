/** Laying out all nodes; a collapsed group moves as one box. */
import type { Flow } from "../api/types";
import { type End, type Place, moveNodes } from "../model/edits";
import { type LayoutBox, arrange } from "../model/layout";
import { USUAL } from "../model/place";
import { activeDoc, edit } from "../store/doc";
import { sayError, useToasts } from "../store/toast";
import { groupNodeId, portTop } from "./measures";
import { boxesOf, facesNow, membersOf, placesOf, useShown } from "./shown";
import { theCanvas } from "./ui";
import { FIT } from "./viewports";

const tops = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name, index) => [name, portTop(index)]));

/** Return a new place for each node. */
export async function layoutPlaces(): Promise<Record<string, Place>> {
  const flow = activeDoc()?.getState().flow;
  if (!flow) return {};
  const owner = new Map<string, string>();
  const groups = flow.groups.filter((group) => group.is_collapsed);
  for (const group of groups) for (const id of membersOf(flow, group.id)) owner.set(id, group.id);
  const before = placesOf(flow);
  const places = await arrange([...freeBoxes(flow, owner), ...groups.map((group) => groupBox(group.id))], wiresOf(flow, owner));
  const found: Record<string, Place> = {};
  for (const { id } of flow.nodes) {
    const group = owner.get(id);
    const place = places[group ? groupNodeId(group) : id];
    if (place) found[id] = group ? moved(before[id], place, corner(flow, group, before)) : place;
  }
  return found;
}

/** Return where a member of a group lies when the group's corner goes from one place to another. */
const moved = (own: Place | undefined, to: Place, from: Place): Place => [
  (own?.[0] ?? 0) + to[0] - from[0],
  (own?.[1] ?? 0) + to[1] - from[1],
];

function corner(flow: Flow, group: string, places: Record<string, Place>): Place {
  const all = membersOf(flow, group).map((id): Place => places[id] ?? [0, 0]);
  return [Math.min(...all.map(([x]) => x)), Math.min(...all.map(([, y]) => y))];
}

function freeBoxes(flow: Flow, owner: ReadonlyMap<string, string>): LayoutBox[] {
  const faces = facesNow();
  const boxes = boxesOf(flow);
  return flow.nodes
    .filter(({ id }) => !owner.has(id))
    .map(({ id }) => ({
      id,
      width: boxes[id]?.width ?? USUAL.width,
      height: boxes[id]?.height ?? USUAL.height,
      inputs: tops((faces[id]?.inputs ?? []).map((port) => port.name)),
      outputs: tops((faces[id]?.outputs ?? []).map((port) => port.name)),
    }));
}

function groupBox(group: string): LayoutBox {
  const id = groupNodeId(group);
  const size = useShown.getState().nodes.find((node) => node.id === id)?.measured;
  return { id, width: size?.width ?? USUAL.width, height: size?.height ?? USUAL.height, inputs: {}, outputs: {} };
}

function wiresOf(flow: Flow, owner: ReadonlyMap<string, string>) {
  const known = new Set(flow.nodes.map((node) => node.id));
  const boxOf = (end: End) => {
    const group = owner.get(end.node);
    return group ? groupNodeId(group) : end.node;
  };
  return flow.edges
    .filter(({ source, target }) => known.has(source.node) && known.has(target.node) && boxOf(source) !== boxOf(target))
    .map(({ source, target }) => ({ source: boxOf(source), out: source.port, target: boxOf(target), in: target.port }));
}

/** Lay out the flow anew, as one edit. */
export function arrangeAll(): void {
  layoutPlaces()
    .then((places) => {
      edit("Arrange all nodes", (flow) => moveNodes(flow, places));
      useToasts.getState().announce("All nodes arranged.");
      window.setTimeout(() => void theCanvas()?.fitView({ ...FIT, duration: 200 }), 50);
    })
    .catch(sayError);
}
