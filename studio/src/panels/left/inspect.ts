import { goToInspector } from "../../canvas/useCanvasCommands";
import { useView } from "../../store/view";

const MOST_FRAMES = 40;

/** Select a node, and put the keyboard into the inspector as soon as it shows that node. */
export function inspectNode(node: string): void {
  useView.getState().focusNode(node);
  wait(node, MOST_FRAMES);
}

function wait(node: string, frames: number): void {
  if (document.querySelector(`[data-inspector] [data-node="${CSS.escape(node)}"]`)) goToInspector();
  else if (frames > 0) window.requestAnimationFrame(() => wait(node, frames - 1));
}
