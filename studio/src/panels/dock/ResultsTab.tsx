import { useQuery } from "@tanstack/react-query";
import { Target } from "lucide-react";

import type { RunCard } from "../../api/types";
import { Busy, Empty } from "../../kit/small";
import { isGoing } from "../../model/progress";
import { useStatus } from "../../store/runs";
import { ask } from "../../store/session";
import { RefusalNotice } from "../RefusalNotice";
import { ConfusionView } from "./ConfusionView";
import { ProofCard } from "./ProofCard";
import css from "./results.module.css";
import { ScoresTable } from "./ScoresTable";

/** What came of the run: proof, scores, and which images it took for what. */
export default function ResultsTab({ project, run }: { project: string | null; run: RunCard | null }) {
  const status = useStatus(project, run);
  const view = useQuery({ ...ask.run(project ?? "", run?.id ?? ""), enabled: project !== null && run !== null });
  if (!project || !run) {
    return (
      <Empty icon={<Target size={20} aria-hidden />} title="No results yet">
        <p>Scores with intervals, the confusion matrix and the proof appear here when a run ends.</p>
      </Empty>
    );
  }
  if (view.error) return <RefusalNotice error={view.error} onRetry={() => void view.refetch()} />;
  const record = view.data?.record;
  if (view.isPending) return <Busy what="Reading the run…" />;
  if (!record || isGoing(status)) {
    return (
      <Empty icon={<Target size={20} aria-hidden />} title="The run is on its way">
        <p>Scores, the confusion matrix and the proof appear here when it ends.</p>
      </Empty>
    );
  }
  return (
    <div className={css.frame}>
      <div className={css.results}>
        <div className={css.summary}>
          <ProofCard project={project} run={run.id} proof={record.proof} isEnded />
          <div>
            <ScoresTable metrics={record.metrics} />
          </div>
        </div>
        {Object.keys(record.metrics).length ? <ConfusionView key={run.id} project={project} card={run} record={record} /> : null}
      </div>
    </div>
  );
}
