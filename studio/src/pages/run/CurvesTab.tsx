import type { RunView } from "../../api/types";
import { Busy } from "../../kit/small";
import { Curves } from "../../panels/dock/Curves";
import { PlanSummary } from "../../panels/dock/PlanSummary";
import { useRun } from "../../store/runs";
import css from "./run.module.css";

const NONE: never[] = [];

/** The course of training, as in the panel below the canvas, with more room. */
export default function CurvesTab({ project, view }: { project: string; view: RunView }) {
  const followed = useRun(project, view.card.id);
  if (!followed) return <Busy what="Reading the events…" />;
  return (
    <div className={css.curves}>
      <PlanSummary log={followed.log} version={followed.version} />
      <Curves project={project} run={view.card.id} log={followed.log} overlays={NONE} />
    </div>
  );
}
