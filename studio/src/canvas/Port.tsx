import { Handle, Position, useConnection } from "@xyflow/react";
import { memo } from "react";

import type { PortFace } from "../api/types";
import { type Side, kindsOf, whyNotWired } from "../model/wiring";
import { activeDoc } from "../store/doc";
import css from "./Port.module.css";
import { facesNow } from "./shown";

type Props = { node: string; port: PortFace; side: Side; /** Name of the handle; the port's own unless a group shows it. */ handle?: string; label?: string };

/** A socket: a dot in the color of its kind, its name, and what it takes or gives as a tip. */
export const Port = memo(function Port({ node, port, side, handle = port.name, label = port.name }: Props) {
  const fit = useFit(node, port.name, side);
  const isInput = side === "input";
  const words = portWords(port, isInput);
  return (
    <span className={css.port} data-side={side} data-fit={fit}>
      <Handle
        type={isInput ? "target" : "source"}
        position={isInput ? Position.Left : Position.Right}
        id={handle}
        className={css.dot ?? ""}
        data-kind={port.kind ?? "unknown"}
        data-connected={port.is_connected}
        data-optional={port.is_optional}
        role="img"
        aria-label={`${isInput ? "Input" : "Output"} ${words}`}
        title={words}
      />
      <span className={css.label} title={words}>
        {label}
        {port.is_known === false ? " ?" : ""}
      </span>
    </span>
  );
});

function portWords(port: PortFace, isInput: boolean): string {
  const kind = isInput ? `takes ${kindsOf(port)}` : `gives ${port.kind ?? "an unknown kind"}`;
  const parts = [`${port.name}: ${kind}`, port.shape === "…" ? "any shape" : port.shape];
  if (port.is_optional) parts.push("optional");
  if (port.is_known === false) parts.push("the component has no such port");
  if (port.help) parts.push(port.help);
  return parts.join(" · ");
}

/** While a wire is drawn: whether it could end here. Looked at when the drag begins, not at each move. */
function useFit(node: string, port: string, side: Side): "yes" | "no" | undefined {
  const from = useConnection((state) =>
    state.inProgress ? `${state.fromHandle.type} ${state.fromHandle.nodeId} ${state.fromHandle.id ?? ""}` : null,
  );
  if (from === null) return undefined;
  const [type, otherNode = "", otherPort = ""] = from.split(" ");
  const isSame = otherNode === node && otherPort === port && (type === "target") === (side === "input");
  if (isSame) return undefined;
  if ((type === "source") === (side === "output")) return "no";
  const flow = activeDoc()?.getState().flow;
  const [here, there] = [{ node, port }, { node: otherNode, port: otherPort }];
  const whyNot = flow && (type === "source" ? whyNotWired(flow, facesNow(), there, here) : whyNotWired(flow, facesNow(), here, there));
  return whyNot ? "no" : "yes";
}
