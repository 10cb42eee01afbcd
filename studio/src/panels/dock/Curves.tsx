import { memo, useCallback, useMemo } from "react";

import type { RunCard } from "../../api/types";
import { LineChart } from "../../charts/LineChart";
import type { Line } from "../../charts/lines";
import { formatBytes, formatNumber, formatPercent } from "../../model/format";
import type { RunLog } from "../../model/runlog";
import { isShare, scoreWords, showScore } from "../../model/told";
import { onFrame, runKey, useRun, useRuns } from "../../store/runs";
import css from "./dock.module.css";
import { lossLines, overlayLine, partLines, scoreLines, termLines, line } from "./curves";
import { PartBars } from "./PartBars";

type Props = { project: string; run: string; log: RunLog; overlays: readonly RunCard[] };

/** Every curve of a run; their cursors move together. */
export const Curves = memo(function Curves({ project, run, log, overlays }: Props) {
  const key = runKey(project, run);
  const subscribe = useCallback((draw: () => void) => onFrame(key, draw), [key]);
  const kinds = useRuns((state) => (state.followed[key] ? [...log.columns.keys()].join("|") : ""));
  const best = useRuns((state) => state.followed[key]?.log.best?.x ?? null);
  const others = useLogs(project, overlays);
  const watched = useMemo(() => watchedScore(kinds), [kinds]);
  const shared = { subscribe, sync: key };
  const marks = useMemo(() => (best === null ? [] : [{ x: best, text: "best" }]), [best]);
  const over = useCallback(
    (column: string): Line[] => others.flatMap(({ log: other, label }, i) => overlayLine(other, column, label, i)),
    [others],
  );
  const readLoss = useCallback(() => [...lossLines(log), ...over("validation_loss")], [log, over]);
  const readScores = useCallback(
    () => [...scoreLines(log, watched).slice(0, 4), ...over(`score:${watched}`)],
    [log, over, watched],
  );
  const readRates = useCallback(() => partLines(log, "learning_rate:"), [log]);
  const readRecall = useCallback(() => partLines(log, "recall:"), [log]);
  const readTerms = useCallback(() => termLines(log), [log]);
  const readSpeed = useCallback(() => line(log, "rate", "images/s", "--accent"), [log]);
  const readMemory = useCallback(() => line(log, "memory", "memory", "--accent"), [log]);
  const hasRecall = kinds.includes("recall:");
  const hasTerms = kinds.includes("term_step:") || kinds.includes("term:");
  return (
    <div className={css.charts}>
      <Watch project={project} runs={overlays} />
      <LineChart {...shared} title="Loss" read={readLoss} marks={marks} empty="The loss of each step appears here when training begins." version={others} />
      <LineChart
        {...shared}
        title={watched ? scoreWords(watched) : "Validation score"}
        read={readScores}
        marks={marks}
        show={(value) => (isShare(watched) ? formatPercent(value, 0) : showScore(watched, value))}
        empty="Scores on the validation images appear here after the first epoch."
        version={others}
      />
      {hasTerms ? (
        <LineChart {...shared} title="Loss terms" read={readTerms} marks={marks} show={formatNumber} empty="What each loss term adds to the loss appears here." />
      ) : null}
      <PartBars log={log} subscribe={subscribe} kind="gradient" />
      <PartBars log={log} subscribe={subscribe} kind="movement" />
      <LineChart {...shared} title="Learning rate" read={readRates} show={formatNumber} empty="The learning rate of each part that moves appears here." />
      {hasRecall ? (
        <LineChart {...shared} title="Recall of each class" read={readRecall} range={[0, 1]} show={(value) => formatPercent(value, 0)} empty="Recall of each class appears here after the first epoch." />
      ) : null}
      <LineChart {...shared} title="Speed" read={readSpeed} isLog empty="Images per second appear here." />
      <LineChart {...shared} title="Memory" read={readMemory} isFromZero show={formatBytes} empty="Memory of the run's process appears here." />
    </div>
  );
});

function watchedScore(kinds: string): string {
  const names = kinds.split("|").filter((name) => name.startsWith("score:")).map((name) => name.slice(6));
  return names.includes("accuracy") ? "accuracy" : (names[0] ?? "");
}

/** Follow the runs that are laid over. */
function Watch({ project, runs }: { project: string; runs: readonly RunCard[] }) {
  return runs.map((run) => <WatchOne key={run.id} project={project} run={run.id} />);
}

function WatchOne({ project, run }: { project: string; run: string }) {
  useRun(project, run);
  return null;
}

type Named = { log: RunLog; label: string };

function useLogs(project: string, runs: readonly RunCard[]): Named[] {
  // One text that changes as any of the logs grows; a list would be new in each look.
  const state = useRuns(({ followed }) => runs.map((run) => followed[runKey(project, run.id)]?.version ?? -1).join(","));
  return useMemo(() => {
    const { followed } = useRuns.getState();
    return runs.flatMap((run) => {
      const log = followed[runKey(project, run.id)]?.log;
      return log && state ? [{ log, label: `${run.strategy ?? run.name ?? ""} ${run.id.slice(-4)}` }] : [];
    });
  }, [project, runs, state]);
}
