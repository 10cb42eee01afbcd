/** Which ends of wires React Flow's handles stand for; those of a collapsed group name the node within. */
import type { Connection, Edge, FinalConnectionState } from "@xyflow/react";

import { type End } from "../model/edits";
import { type Side, possibleWires, whyNotWired } from "../model/wiring";
import { activeDoc } from "../store/doc";
import { say } from "../store/toast";
import { wireUp } from "./acts";
import { isGroupId } from "./measures";
import { facesNow } from "./shown";
import { placeAt, useCanvasUi } from "./ui";

export function endOfHandle(node: string, handle: string): End {
  if (!isGroupId(node)) return { node, port: handle };
  const at = handle.indexOf(".");
  return { node: handle.slice(0, at), port: handle.slice(at + 1) };
}

/** Return the two ends of what React Flow wants to connect. */
export function endsOf(connection: Connection | Edge): { source: End; target: End } {
  return {
    source: endOfHandle(connection.source, connection.sourceHandle ?? ""),
    target: endOfHandle(connection.target, connection.targetHandle ?? ""),
  };
}

export function isValid(connection: Connection | Edge): boolean {
  const flow = activeDoc()?.getState().flow;
  const { source, target } = endsOf(connection);
  return flow !== undefined && whyNotWired(flow, facesNow(), source, target) === null;
}

/** Return why the wire being drawn may not end where it is held; null over nothing, or when it may. */
export function whyRefused(state: FinalConnectionState): string | null {
  const { fromHandle, toHandle, isValid: isFine } = state;
  const flow = activeDoc()?.getState().flow;
  if (!fromHandle || !toHandle || !flow || isFine) return null;
  const from = endOfHandle(fromHandle.nodeId, fromHandle.id ?? "");
  const to = endOfHandle(toHandle.nodeId, toHandle.id ?? "");
  if (fromHandle === toHandle || (from.node === to.node && from.port === to.port && fromHandle.type === toHandle.type)) return null;
  if (fromHandle.type === toHandle.type) {
    return fromHandle.type === "source" ? "An output feeds inputs; this is another output." : "An input takes from an output; this is another input.";
  }
  return fromHandle.type === "source" ? whyNotWired(flow, facesNow(), from, to) : whyNotWired(flow, facesNow(), to, from);
}

/** A wire was let go: over a port that refuses it, over a node, or over nothing. */
export function letGo(event: MouseEvent | TouchEvent, state: FinalConnectionState): void {
  if (!state.fromHandle || state.isValid) return;
  const refused = whyRefused(state);
  if (refused) {
    say(refused, { tone: "error" });
    return;
  }
  if (state.toHandle) return;
  const end = endOfHandle(state.fromHandle.nodeId, state.fromHandle.id ?? "");
  const side: Side = state.fromHandle.type === "source" ? "output" : "input";
  const point = "changedTouches" in event ? event.changedTouches[0] : event;
  if (!point) return;
  const under = document.elementFromPoint(point.clientX, point.clientY);
  const over = under?.closest<HTMLElement>(".react-flow__node")?.dataset["id"];
  if (over === end.node) return;
  if (over && !isGroupId(over)) dropOnNode(end, side, over);
  else if (under?.closest(".react-flow__pane, .react-flow__edges")) {
    const screen: [number, number] = [point.clientX, point.clientY];
    useCanvasUi.getState().set({ search: { screen, place: placeAt(screen), loose: { end, side } }, connecting: null });
  }
}

/** Over the body of a node: its first free port that fits. */
function dropOnNode(end: End, side: Side, node: string): void {
  const flow = activeDoc()?.getState().flow;
  if (!flow) return;
  const fits = possibleWires(flow, facesNow(), end.node, { name: end.port, side });
  const first = fits.find((wire) => (side === "output" ? wire.target.node : wire.source.node) === node);
  if (first) wireUp(first.source, first.target);
  else say(`Nothing at '${node}' ${side === "output" ? "takes" : "gives"} what '${end.node}.${end.port}' ${side === "output" ? "gives" : "takes"}.`, { tone: "error" });
}
