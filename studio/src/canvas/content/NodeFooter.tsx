import { memo } from "react";

import { formatSeconds, formatShape } from "../../model/format";
import { weightsText } from "../../model/views";
import { useNodeStatus, usePreviews } from "../../store/previews";
import { useCheck } from "../../store/checking";
import { useOpen } from "../../store/doc";

/** A node's last line: the shape of its output, and how long it took. */
export const NodeFooter = memo(function NodeFooter({ node }: { node: string }) {
  const { status, text, ms } = useNodeStatus(node);
  const active = useOpen((state) => state.active);
  const found = usePreviews((state) => (active ? (state.boards[active]?.[node]?.document ?? null) : null));
  const shape = useCheck().faces[node]?.outputs[0]?.shape;
  if (!found) return <span>{shape || text || "No preview yet"}</span>;
  const time = status === "cached" ? "from the cache" : formatSeconds((ms ?? 0) / 1000);
  return (
    <span title={`${found.dtype}, ${weightsText(found.weights)}`}>
      {formatShape(found.shape)} · {time}
    </span>
  );
});
