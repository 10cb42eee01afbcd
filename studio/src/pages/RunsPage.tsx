import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";

import { Busy } from "../kit/small";
import { RefusalNotice } from "../panels/RefusalNotice";
import { useRoute } from "../store/route";
import { ask } from "../store/session";
import { AverageBar } from "./runs/AverageBar";
import { Compare } from "./runs/Compare";
import { RunsTable } from "./runs/RunsTable";
import css from "./runs/runs.module.css";

/** All runs of a project; two or more side by side. */
export default function RunsPage({ project, compare }: { project: string; compare: string[] }) {
  const hub = useQuery(ask.hub(project));
  const go = useRoute((state) => state.go);
  const choose = useCallback((runs: readonly string[]) => go({ page: "runs", project, compare: [...runs] }, "replace"), [go, project]);
  if (hub.error) return <div className={css.page}><RefusalNotice error={hub.error} onRetry={() => void hub.refetch()} /></div>;
  if (!hub.data) return <div className={css.page}><Busy what="Reading the runs…" /></div>;
  const { runs } = hub.data;
  const chosen = compare.filter((id) => runs.some((run) => run.id === id));
  return (
    <div className={css.page}>
      <h1>Runs</h1>
      <RunsTable project={project} runs={runs} chosen={chosen} onChoose={choose} />
      {chosen.length >= 2 ? <AverageBar project={project} runs={chosen.flatMap((id) => runs.find((run) => run.id === id) ?? [])} /> : null}
      {chosen.length >= 2 ? <Compare project={project} runs={chosen.flatMap((id) => runs.find((run) => run.id === id) ?? [])} /> : null}
    </div>
  );
}
