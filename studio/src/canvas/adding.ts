/** New nodes: from the palette, from a search, or where a loose wire was dropped. */
import type { ComponentCard, Flow } from "../api/types";
import { type End, type Place, addNode, connect, firstSettings, freeId } from "../model/edits";
import { type Box, GAP, USUAL, freePlace } from "../model/place";
import { type Side, autoWire, fittingPorts, portOf } from "../model/wiring";
import { edit, activeDoc } from "../store/doc";
import { ask, queries } from "../store/session";
import { say, sayError, useToasts } from "../store/toast";
import { useView } from "../store/view";
import { boxesOf, facesNow, nodesIn } from "./shown";
import { focusCanvas, placeAt, screenMiddle } from "./ui";
import { reveal } from "./useFocus";

/** Name of what a drag from the palette carries: the name of a component. */
export const COMPONENT_DRAG = "application/x-graftwork-component";

type Loose = { end: End; side: Side };

/**
 * Add a node of a component at a place of the canvas, or where there is room. It is connected to the loose end of
 * a wire, else to the one node that is selected, where that fits.
 */
export function addComponent(name: string, place?: Place, loose?: Loose): void {
  queries
    .fetchQuery(ask.components())
    .then((cards) => {
      const card = cards.find((item) => item.name === name);
      if (card) add(card, place, loose);
      else say(`There is no component '${name}'.`, { tone: "error" });
    })
    .catch(sayError);
}

function add(card: ComponentCard, wanted: Place | undefined, loose: Loose | undefined): void {
  const flow = activeDoc()?.getState().flow;
  if (!flow) return;
  const id = freeId(flow, card.name);
  const selected = nodesIn(flow, useView.getState().selection);
  const wire = wireOf(flow, card, id, selected, loose);
  const others = Object.values(boxesOf(flow));
  const place = wanted ?? placeFor(flow, wire?.source.node === id ? undefined : wire?.source.node);
  const node = { id, component: card.name, settings: firstSettings(card) as never, title: "", is_bypassed: false };
  const at = freePlace(place, USUAL, others);
  const other = wire ? (wire.source.node === id ? wire.target.node : wire.source.node) : null;
  const label = other ? `Add ${card.title} and connect it to ${other}` : `Add ${card.title}`;
  edit(label, (now) => {
    const next = addNode(now, node, at);
    return wire ? connect(next, wire.source, wire.target) : next;
  });
  useView.getState().select([id]);
  useToasts.getState().announce(other ? `Added ${card.title}, connected to ${other}.` : `Added ${card.title}.`);
  focusCanvas(id);
  reveal(id);
}

function placeFor(flow: Flow, source: string | undefined): Place {
  const box: Box | undefined = source ? boxesOf(flow)[source] : undefined;
  if (box) return [box.x + box.width + GAP * 2, box.y];
  const [x, y] = placeAt(screenMiddle());
  return [x - USUAL.width / 2, y - USUAL.height / 2];
}

function wireOf(
  flow: Flow,
  card: ComponentCard,
  id: string,
  selected: readonly string[],
  loose: Loose | undefined,
): { source: End; target: End } | null {
  const faces = facesNow();
  if (loose) {
    const port = portOf(faces, loose.end, loose.side);
    const [fit] = port ? fittingPorts(card, port, loose.side) : [];
    if (fit === undefined) return null;
    const mine = { node: id, port: fit };
    return loose.side === "output" ? { source: loose.end, target: mine } : { source: mine, target: loose.end };
  }
  const [only] = selected;
  const found = selected.length === 1 && only ? autoWire(flow, faces, card, only) : null;
  return found && only ? { source: { node: only, port: found.from }, target: { node: id, port: found.to } } : null;
}
