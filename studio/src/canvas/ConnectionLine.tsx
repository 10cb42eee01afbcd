import { type ConnectionLineComponentProps, getBezierPath } from "@xyflow/react";

import { portOf } from "../model/wiring";
import { type CanvasNode, facesNow } from "./shown";
import { endOfHandle } from "./handles";
import css from "./Wire.module.css";

/** The wire while it is drawn: in the color of its kind, red and dashed over a port that refuses it. */
export function ConnectionLine(props: ConnectionLineComponentProps<CanvasNode>) {
  const { fromX, fromY, toX, toY, fromPosition, toPosition, fromHandle, connectionStatus } = props;
  const end = endOfHandle(fromHandle.nodeId, fromHandle.id ?? "");
  const side = fromHandle.type === "source" ? "output" : "input";
  const kind = portOf(facesNow(), end, side)?.kind ?? "unknown";
  const [path] = getBezierPath({
    sourceX: fromX,
    sourceY: fromY,
    sourcePosition: fromPosition,
    targetX: toX,
    targetY: toY,
    targetPosition: toPosition,
  });
  return (
    <g data-kind={kind}>
      <path className={css.drawn} data-refused={connectionStatus === "invalid"} d={path} />
    </g>
  );
}
