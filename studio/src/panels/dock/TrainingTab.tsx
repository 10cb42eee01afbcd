import { useMemo, useState } from "react";

import type { RunCard } from "../../api/types";
import { Empty } from "../../kit/small";
import { Activity } from "lucide-react";
import { keysOf } from "../../store/commands";
import { useRun } from "../../store/runs";
import { Curves } from "./Curves";
import css from "./dock.module.css";
import { Overlays } from "./Overlays";
import { PlanSummary } from "./PlanSummary";
import { ProgressLine } from "./ProgressLine";

type Props = { project: string | null; flow: string | null; run: RunCard | null; runs: readonly RunCard[] };

/** How training goes: progress, curves, each part of the network. */
export default function TrainingTab({ project, run, runs }: Props) {
  const followed = useRun(project, run?.id ?? null);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const others = useMemo(() => runs.filter((one) => one.id !== run?.id), [runs, run?.id]);
  const shown = useMemo(() => others.filter((one) => chosen.includes(one.id)), [others, chosen]);
  if (!project || !run) {
    return (
      <Empty icon={<Activity size={20} aria-hidden />} title="No run of this flow yet">
        <p>Loss, scores, learning rates and what moves in each part of the network appear here. Run with {keysOf("run")}.</p>
      </Empty>
    );
  }
  return (
    <div className={css.training}>
      <ProgressLine project={project} run={run} followed={followed} />
      <div className={css.columns}>
        <aside className={css.side}>
          <PlanSummary log={followed?.log ?? null} version={followed?.version ?? 0} />
          <Overlays runs={others} chosen={chosen} onChoose={setChosen} />
        </aside>
        {followed ? <Curves project={project} run={run.id} log={followed.log} overlays={shown} /> : null}
      </div>
    </div>
  );
}
