import { type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";

import { lanePath } from "../model/layout";
import type { CanvasEdge } from "./shown";
import css from "./Wire.module.css";

/** A wire in the color of what travels on it; a long one keeps to its lane. */
export const Wire = memo(function Wire(props: EdgeProps<CanvasEdge>) {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data, selected } = props;
  const lane = data?.lane ?? null;
  const hasRoom = targetX - sourceX > 60;
  const path =
    lane !== null && hasRoom
      ? lanePath({ x: sourceX, y: sourceY }, { x: targetX, y: targetY }, lane)
      : getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition })[0];
  return (
    <g data-kind={data?.kind ?? "unknown"}>
      <path className={css.wire} data-selected={selected} d={path} />
      <path className={`react-flow__edge-interaction ${css.hit}`} d={path}>
        <title>{data?.words}</title>
      </path>
    </g>
  );
});
