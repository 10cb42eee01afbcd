import type { RunCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { Notice, Progress } from "../../kit/small";
import { formatBytes, formatExact, formatPercent, formatSeconds } from "../../model/format";
import { isGoing, placeWords, statusWords, timeLeft } from "../../model/progress";
import type { Followed } from "../../store/runs";
import { useStatus } from "../../store/runs";
import { order } from "../../store/running";
import css from "./dock.module.css";

type Props = { project: string; run: RunCard; followed: Followed | null };

/** Where the run is, how fast it goes, and how long it will take. */
export function ProgressLine({ project, run, followed }: Props) {
  const status = useStatus(project, run) ?? run.status;
  const progress = followed?.progress ?? null;
  if (!isGoing(status)) return <Ending project={project} run={run} status={status} followed={followed} />;
  const extraction = followed?.log.extraction;
  const facts = [
    progress?.images_per_second ? `${formatExact(progress.images_per_second)} images/s` : null,
    progress?.memory_bytes ? formatBytes(progress.memory_bytes) : null,
    extraction && extraction.found > 0 ? `${formatExact(extraction.found)} rows were in the cache` : null,
    timeLeft(progress),
  ].filter(Boolean);
  return (
    <div className={css.progress}>
      <Progress share={progress?.share ?? 0} label="Share of the run that is done" />
      <div className={css.facts}>
        <strong>{status === "queued" ? "Queued: waits for the run before it" : status === "starting" ? "Starting its process" : placeWords(progress)}</strong>
        <span>{formatPercent(progress?.share ?? 0, 0)}</span>
        {facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
      </div>
    </div>
  );
}

function Ending({ project, run, status, followed }: Props & { status: string }) {
  const message = followed?.log.ended?.message ?? run.message;
  const cost = followed?.log.ended?.cost;
  const seconds = cost?.seconds ?? run.seconds;
  if (status === "failed" || status === "interrupted") {
    const text = status === "failed" ? "The run failed." : "The run's process ended before the run did.";
    const actions = <Button onClick={() => void order(project, run.id, "resume")}>Resume from the last checkpoint</Button>;
    return (
      <Notice tone="error" actions={actions}>
        <strong>{text}</strong> {message}
      </Notice>
    );
  }
  return (
    <div className={css.facts}>
      <strong>{statusWords(status)}</strong>
      {seconds ? <span>{formatSeconds(seconds)}</span> : null}
      {run.score && run.score_name ? (
        <span>
          {run.score_name.replaceAll("_", " ")} {formatPercent(run.score.value)} ({formatPercent(run.score.low)} to {formatPercent(run.score.high)}) on {run.score_split}
        </span>
      ) : null}
      {cost ? <span>{formatExact(cost.base_images)} images through the base</span> : null}
      {cost?.peak_memory_bytes ? <span>at most {formatBytes(cost.peak_memory_bytes)}</span> : null}
      {message ? <span>{message}</span> : null}
    </div>
  );
}
