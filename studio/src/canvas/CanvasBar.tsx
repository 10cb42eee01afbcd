import { useStore } from "@xyflow/react";
import { CircleAlert, CircleCheck, Grid3x3, Map as MapIcon, Maximize, Network, TriangleAlert, ZoomIn, ZoomOut } from "lucide-react";
import { useRef } from "react";

import type { Problem } from "../api/types";
import { Button, IconButton } from "../kit/Button";
import { formatPlural } from "../model/format";
import { useCheck } from "../store/checking";
import { keysOf, runCommand } from "../store/commands";
import { useDoc } from "../store/doc";
import { useFailures } from "../store/previews";
import { useToasts } from "../store/toast";
import { useView } from "../store/view";
import css from "./FlowCanvas.module.css";
import { theCanvas, useCanvasUi } from "./ui";

/** Zoom, fit, arrange, grid, map; and how many problems there are. */
export function CanvasBar() {
  return (
    <div className={css.bar}>
      <ZoomBar />
      <ProblemsChip />
    </div>
  );
}

function ZoomBar() {
  const percent = useStore((state) => Math.round(state.transform[2] * 100));
  const { isSnapping, setSnapping } = useView();
  const isMapShown = useCanvasUi((state) => state.isMapShown);
  const set = useCanvasUi((state) => state.set);
  const isEmpty = useDoc((state) => state.flow.nodes.length === 0);
  const none = isEmpty ? "The flow has no nodes." : null;
  return (
    <div className={css.tools} role="toolbar" aria-label="View of the canvas">
      <IconButton label="Zoom out" keys={keysOf("zoom-out")} onClick={() => runCommand("zoom-out")}>
        <ZoomOut size={15} />
      </IconButton>
      <Button look="ghost" className={css.percent ?? ""} tip="Back to 100 %" onClick={() => void theCanvas()?.zoomTo(1, { duration: 120 })}>
        {percent} %
      </Button>
      <IconButton label="Zoom in" keys={keysOf("zoom-in")} onClick={() => runCommand("zoom-in")}>
        <ZoomIn size={15} />
      </IconButton>
      <IconButton label="Show the whole flow" keys={keysOf("fit")} whyNot={none} onClick={() => runCommand("fit")}>
        <Maximize size={15} />
      </IconButton>
      <IconButton label="Arrange all nodes" keys={keysOf("layout")} whyNot={none} onClick={() => runCommand("layout")}>
        <Network size={15} />
      </IconButton>
      <IconButton label="Snap to the grid" aria-pressed={isSnapping} onClick={() => setSnapping(!isSnapping)}>
        <Grid3x3 size={15} />
      </IconButton>
      <IconButton label="Map of the flow" aria-pressed={isMapShown} onClick={() => set({ isMapShown: !isMapShown })}>
        <MapIcon size={15} />
      </IconButton>
    </div>
  );
}

/** Count of problems; each click goes to the next one. */
function ProblemsChip() {
  const { problems, digest } = useCheck();
  const isEmpty = useDoc((state) => state.flow.nodes.length === 0);
  const failures = useFailures();
  const at = useRef(-1);
  const errors = problems.filter((problem) => problem.level === "error").length;
  const go = () => {
    at.current = (at.current + 1) % problems.length;
    show(problems[at.current], at.current, problems.length);
  };
  if (digest === "") return <span className={css.chip}>Checking…</span>;
  if (problems.length === 0 && failures.length > 0) {
    const next = () => {
      at.current = (at.current + 1) % failures.length;
      const node = failures[at.current];
      if (node) useView.getState().focusNode(node);
    };
    return (
      <Button className={css.chip} tip="The drawing is sound, but these nodes show nothing. Go to the next one" onClick={next}>
        <TriangleAlert size={14} className={css.warning} aria-hidden />
        {formatPlural(failures.length, "node shows", "nodes show")} nothing
      </Button>
    );
  }
  if (problems.length === 0) {
    return (
      <span className={css.chip} role="status">
        <CircleCheck size={14} className={css.ok} aria-hidden />
        {isEmpty ? "Nothing to check yet" : "No problems"}
      </span>
    );
  }
  const Icon = errors > 0 ? CircleAlert : TriangleAlert;
  const words = errors > 0 ? formatPlural(problems.length, "problem") : formatPlural(problems.length, "warning");
  return (
    <Button className={css.chip} tip="Go to the next one" onClick={go}>
      <Icon size={14} className={errors > 0 ? css.error : css.warning} aria-hidden />
      {words}
    </Button>
  );
}

function show(problem: Problem | undefined, index: number, total: number): void {
  if (!problem) return;
  useToasts.getState().announce(`Problem ${index + 1} of ${total}: ${problem.node ?? "flow"}: ${problem.message}`);
  const view = useView.getState();
  view.setDock("problems");
  if (problem.node) view.focusNode(problem.node, problem.setting ?? null, problem.line ?? null);
}
