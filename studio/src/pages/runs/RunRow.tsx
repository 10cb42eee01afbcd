import { ShieldAlert, ShieldCheck } from "lucide-react";
import type { MouseEvent } from "react";

import type { RunCard } from "../../api/types";
import { IntervalBar } from "../../charts/IntervalBar";
import { Badge } from "../../kit/small";
import { formatSeconds, formatWhen } from "../../model/format";
import { STATUS_TONE, statusWords } from "../../model/progress";
import { axisOf, intervalWords } from "../../model/scores";
import { scoreWords, showScore } from "../../model/told";
import { pathOf, useRoute } from "../../store/route";
import { useStatus } from "../../store/runs";
import css from "./runs.module.css";

type Props = { project: string; run: RunCard; isChosen: boolean; onToggle: () => void };

/** One run in the table. */
export function RunRow({ project, run, isChosen, onToggle }: Props) {
  const go = useRoute((state) => state.go);
  const status = useStatus(project, run) ?? run.status;
  const to = { page: "run", project, run: run.id, tab: "overview" } as const;
  const open = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
  };
  const { score, score_name: name } = run;
  const [from, to_] = score && name ? axisOf(name, [score]) : [0, 1];
  return (
    <tr data-chosen={isChosen || undefined}>
      <td>
        <input type="checkbox" className={css.check} aria-label={`Choose ${run.name ?? run.id}, ${run.id}`} checked={isChosen} onChange={onToggle} />
      </td>
      <th scope="row">
        <a href={pathOf(to)} onClick={open}>
          {run.name ?? run.id}
        </a>
        <code className={css.id} title={run.id}>
          {run.id.split("-").at(-1)}
        </code>
        {run.note ? (
          <span className={css.note} title={run.note}>
            {run.note}
          </span>
        ) : null}
      </th>
      <td>
        <Badge tone={STATUS_TONE[status] ?? "plain"} {...(run.message ? { title: run.message } : {})}>
          {statusWords(status)}
        </Badge>
      </td>
      <td>
        {score && name ? (
          <span className={css.score}>
            {showScore(name, score.value)}
            <IntervalBar interval={score} from={from} to={to_} words={`${scoreWords(name)} on ${run.score_split}: ${intervalWords(name, score)}`} />
          </span>
        ) : (
          <span className={css.quiet}>none</span>
        )}
      </td>
      <td>{run.strategy?.replaceAll("_", " ")}</td>
      <td className={css.cut} title={run.base ?? ""}>
        {run.base}
      </td>
      <td className={css.cut} title={run.source ?? ""}>
        {run.source?.split("/").pop()}
      </td>
      <td>{formatSeconds(run.seconds)}</td>
      <td>
        {run.proof_holds === null ? (
          <span className={css.quiet}>none</span>
        ) : run.proof_holds ? (
          <span className={css.ok}>
            <ShieldCheck size={14} aria-hidden /> holds
          </span>
        ) : (
          <span className={css.bad}>
            <ShieldAlert size={14} aria-hidden /> fails
          </span>
        )}
      </td>
      <td>{formatWhen(run.created)}</td>
    </tr>
  );
}
