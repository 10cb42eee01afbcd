/** Which wires can be, and why others cannot, in words. */
import type { ComponentCard, Flow, FlowEdge, NodeFace, PortFace } from "../api/types";
import { type End, endKey, upstream } from "./edits";

export type Faces = Readonly<Record<string, NodeFace>>;
export type Kind = NonNullable<PortFace["kind"]>;
export type Side = "input" | "output";

/** What both a port of a node and a port of a component's card say. */
type Socket = Pick<PortFace, "name" | "kind" | "also">;

const PLURALS: Partial<Record<Kind, string>> = {
  image: "images",
  mask: "masks",
  number: "numbers",
  category: "categories",
  text: "texts",
};

/** Return a kind as it is spoken of: "images", "features". */
export const plural = (kind: Kind): string => PLURALS[kind] ?? kind;

export function portOf(faces: Faces, end: End, side: Side): PortFace | undefined {
  const face = faces[end.node];
  return (side === "input" ? face?.inputs : face?.outputs)?.find((port) => port.name === end.port);
}

/** Return what an input takes: "logits or features". */
export function kindsOf(port: Socket): string {
  if (port.kind === null) return "anything";
  return [port.kind, ...port.also].map(plural).join(" or ");
}

/** Whether an input takes what an output gives; where a kind is not known, it may. */
export function takes(input: Socket, output: Socket): boolean {
  if (input.kind === null || output.kind === null) return true;
  return [input.kind, ...input.also].includes(output.kind);
}

/** Return why a wire cannot be, or null when it can. An input that holds a wire takes the new one instead. */
export function whyNotWired(flow: Flow, faces: Faces, source: End, target: End): string | null {
  if (source.node === target.node) return "A node cannot feed itself.";
  const output = portOf(faces, source, "output");
  const input = portOf(faces, target, "input");
  if (!output || output.is_known === false) return `'${source.node}' has no output '${source.port}'.`;
  if (!input || input.is_known === false) return `'${target.node}' has no input '${target.port}'.`;
  if (!takes(input, output) && input.kind !== null && output.kind !== null) {
    return `${plural(output.kind)} cannot feed ${plural(input.kind)}: '${endKey(target)}' takes ${kindsOf(input)}.`;
  }
  if (hasWire(flow, source, target)) return `'${endKey(source)}' feeds '${endKey(target)}' already.`;
  if (upstream(flow, source.node).has(target.node)) {
    return `That makes a loop: '${source.node}' stands on '${target.node}'.`;
  }
  return null;
}

export function hasWire(flow: Flow, source: End, target: End): boolean {
  return flow.edges.some((e) => endKey(e.source) === endKey(source) && endKey(e.target) === endKey(target));
}

/** Return the wire that comes into an input. */
export function wireInto(flow: Flow, target: End): FlowEdge | undefined {
  return flow.edges.find((edge) => endKey(edge.target) === endKey(target));
}

export type Wiring = { source: End; target: End; kind: Kind | null; shape: string; replaces: FlowEdge | null };

/** Return every wire that could be drawn from or to a node's ports; free inputs first. */
export function possibleWires(flow: Flow, faces: Faces, node: string, onlyPort?: { name: string; side: Side }): Wiring[] {
  const found: Wiring[] = [];
  const here = faces[node];
  if (!here) return found;
  const mine = (side: Side) =>
    (side === "output" ? here.outputs : here.inputs).filter(
      (port) => !onlyPort || (onlyPort.side === side && onlyPort.name === port.name),
    );
  const offer = (source: End, target: End, port: PortFace) => {
    if (whyNotWired(flow, faces, source, target)) return;
    found.push({ source, target, kind: port.kind, shape: port.shape, replaces: wireInto(flow, target) ?? null });
  };
  for (const other of flow.nodes) {
    if (other.id === node) continue;
    const face = faces[other.id];
    for (const out of mine("output")) {
      for (const input of face?.inputs ?? []) {
        offer({ node, port: out.name }, { node: other.id, port: input.name }, out);
      }
    }
    for (const input of mine("input")) {
      for (const out of face?.outputs ?? []) {
        offer({ node: other.id, port: out.name }, { node, port: input.name }, out);
      }
    }
  }
  return found.sort((a, b) => Number(a.replaces !== null) - Number(b.replaces !== null));
}

/** Return the ports of a component that an end of a wire fits; the first is the best. */
export function fittingPorts(card: ComponentCard, loose: Socket, looseSide: Side): string[] {
  const ports = (looseSide === "output" ? card.inputs : card.outputs) as readonly Socket[];
  const fits = ports.filter((port) => (looseSide === "output" ? takes(port, loose) : takes(loose, port)));
  const isSame = (port: Socket) => Number(port.kind !== loose.kind);
  return [...fits].sort((a, b) => isSame(a) - isSame(b)).map((port) => port.name);
}

/** Return how a new node of a component is wired to the node that is selected; null: nothing fits. */
export function autoWire(flow: Flow, faces: Faces, card: ComponentCard, selected: string): { from: string; to: string } | null {
  for (const output of faces[selected]?.outputs ?? []) {
    const [to] = fittingPorts(card, output, "output");
    if (to !== undefined && flow.nodes.some((node) => node.id === selected)) return { from: output.name, to };
  }
  return null;
}

/** Return a wire in words: "image of images to image of backbone, image, b × 3 × 224 × 224". */
export function wireWords(faces: Faces, edge: FlowEdge): string {
  const port = portOf(faces, edge.source, "output");
  const what = [port?.kind ?? "unknown kind", port?.shape && port.shape !== "…" ? port.shape : "shape not known yet"];
  return `${endKey(edge.source)} to ${endKey(edge.target)}: ${what.join(", ")}`;
}

/** Return the required inputs of a node that no wire reaches. */
export function missingInputs(face: NodeFace | undefined): string[] {
  return (face?.inputs ?? []).filter((port) => !port.is_optional && !port.is_connected).map((port) => port.name);
}
