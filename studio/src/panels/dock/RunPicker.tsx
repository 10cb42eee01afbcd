import { ExternalLink } from "lucide-react";

import type { RunCard } from "../../api/types";
import { IconButton } from "../../kit/Button";
import { Badge } from "../../kit/small";
import { formatWhen } from "../../model/format";
import { STATUS_TONE, statusWords } from "../../model/progress";
import { showScore } from "../../model/told";
import { useRoute } from "../../store/route";
import { showRun, useStatus } from "../../store/runs";
import css from "./dock.module.css";

type Props = { project: string; flow: string; run: RunCard | null; runs: readonly RunCard[] };

/** Which run of the flow the panel shows; the newest by itself. */
export function RunPicker({ project, flow, run, runs }: Props) {
  const go = useRoute((state) => state.go);
  const status = useStatus(project, run);
  if (!run) return <span className={css.aside}>No run of this flow yet</span>;
  return (
    <span className={css.aside}>
      {status ? <Badge tone={STATUS_TONE[status] ?? "plain"}>{statusWords(status)}</Badge> : null}
      <select aria-label="Run that is shown" className={css.select} value={run.id} onChange={(event) => showRun(project, flow, event.target.value)}>
        {runs.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name === flow ? "" : `${one.name?.slice(flow.length + 1)} · `}
            {formatWhen(one.created)} · {one.strategy?.replaceAll("_", " ") ?? "run"}
            {one.score ? ` · ${showScore(one.score_name ?? "", one.score.value)}` : ""} · {one.id.split("-").at(-1)}
          </option>
        ))}
      </select>
      <IconButton label="Open the run's page" onClick={() => go({ page: "run", project, run: run.id, tab: "overview" })}>
        <ExternalLink size={14} />
      </IconButton>
    </span>
  );
}
