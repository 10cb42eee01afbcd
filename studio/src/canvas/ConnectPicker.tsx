import { endKey } from "../model/edits";
import { type Wiring, possibleWires } from "../model/wiring";
import { useDoc } from "../store/doc";
import { nameOf, wireUp } from "./acts";
import { type Pick, PickList } from "./PickList";
import { facesNow } from "./shown";
import { focusCanvas, useCanvasUi } from "./ui";

/** All wires that a node could have, to be drawn by keyboard. */
export function ConnectPicker() {
  const open = useCanvasUi((state) => state.connecting);
  const flow = useDoc((state) => state.flow);
  if (!open) return null;
  const { node, screen } = open;
  const wires = possibleWires(flow, facesNow(), node);
  const close = () => useCanvasUi.getState().set({ connecting: null });
  return (
    <PickList
      at={screen}
      title={`Connect ${nameOf(node)}`}
      placeholder="Search ports"
      empty="No port of another node fits."
      items={wires.map((wire) => pickOf(wire, node))}
      onClose={close}
      onPick={(id) => {
        const wire = wires.find((item) => keyOf(item) === id);
        close();
        if (wire) wireUp(wire.source, wire.target);
        focusCanvas(node);
      }}
    />
  );
}

const keyOf = ({ source, target }: Wiring): string => `${endKey(source)}→${endKey(target)}`;

function pickOf(wire: Wiring, node: string): Pick {
  const isOut = wire.source.node === node;
  const other = isOut ? wire.target : wire.source;
  const mine = isOut ? wire.source.port : wire.target.port;
  const what = [wire.kind ?? "unknown kind", wire.shape === "…" ? "" : wire.shape].filter(Boolean).join(" · ");
  return {
    id: keyOf(wire),
    label: isOut ? `${mine} → ${nameOf(other.node)}: ${other.port}` : `${mine} ← ${nameOf(other.node)}: ${other.port}`,
    hint: wire.replaces ? `${what} · takes the place of ${endKey(wire.replaces.source)}` : what,
    words: `${other.node} ${other.port}`,
    group: isOut ? "Its outputs feed" : "Its inputs take from",
  };
}
