import { useConnection } from "@xyflow/react";

import css from "./FlowCanvas.module.css";
import { whyRefused } from "./handles";
import { screenPointer } from "./ui";

/** Beside the pointer, while a wire is held over a port that refuses it: why. */
export function RefusalTip() {
  const why = useConnection((state) => (state.inProgress && state.isValid === false ? whyRefused(state) : null));
  if (!why) return null;
  const [x, y] = screenPointer();
  return (
    <div className={css.refusal} role="status" style={{ left: Math.min(x + 14, window.innerWidth - 330), top: y + 14 }}>
      {why}
    </div>
  );
}
