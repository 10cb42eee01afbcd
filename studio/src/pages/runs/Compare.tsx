import { useQueries } from "@tanstack/react-query";
import { FileText } from "lucide-react";
import { useMemo } from "react";

import { api, must } from "../../api/client";
import type { Flow, RunCard, RunRecord } from "../../api/types";
import { IntervalBar } from "../../charts/IntervalBar";
import { LineChart } from "../../charts/LineChart";
import type { Line } from "../../charts/lines";
import { lineLook } from "../../charts/theme";
import { Button } from "../../kit/Button";
import { Busy } from "../../kit/small";
import { differences } from "../../model/compare";
import { formatPercent, formatSeconds } from "../../model/format";
import { comparisonAddress, whyNoComparison } from "../../model/reports";
import { RunLog } from "../../model/runlog";
import { trainPoints } from "../../panels/dock/curves";
import { axisOf, intervalWords, scoreRows } from "../../model/scores";
import { isShare, scoreWords, showScore } from "../../model/told";
import { openBeside } from "../../store/reports";
import { ask } from "../../store/session";
import { Paired } from "./Paired";
import css from "./runs.module.css";

/** Events of a run that is compared; more are thinned by the log itself. */
const MOST_LINES = 100_000;

/** Curves over each other, scores side by side, and every setting that differs. */
export function Compare({ project, runs }: { project: string; runs: readonly RunCard[] }) {
  const events = useQueries({
    queries: runs.map((run) => ({
      queryKey: ["events", project, run.id, run.status],
      queryFn: async () => {
        const params = { path: { project, run: run.id }, query: { limit: MOST_LINES } };
        const log = new RunLog();
        log.add(0, await must(api.GET("/api/projects/{project}/runs/{run}/events", { params })));
        return log;
      },
      staleTime: Infinity,
      structuralSharing: false,
    })),
  });
  const views = useQueries({ queries: runs.map((run) => ask.run(project, run.id)) });
  const logs = events.map((one) => one.data);
  const isBusy = events.some((one) => one.isPending) || views.some((one) => one.isPending);
  const names = runs.map((run, index) => `${String.fromCharCode(65 + index)} · ${run.name ?? "run"} ${run.id.split("-").at(-1)}`);
  const scoreName = runs.find((run) => run.score_name)?.score_name ?? "accuracy";
  const known = logs.map((log) => log?.numLines ?? 0).join(",");
  const read = useMemo(
    () => (column: string) => (): Line[] =>
      logs.flatMap((log, index) => {
        const found = log && column === "train" ? trainPoints(log) : log?.column(column);
        if (!found?.xs.length) return [];
        const { color, dash } = lineLook(index);
        return [{ key: `${index}`, label: names[index] ?? "", color, xs: found.xs, ys: found.ys, ...(dash.length ? { dash } : {}) }];
      }),
    [known], // eslint-disable-line react-hooks/exhaustive-deps
  );
  const readers = useMemo(
    () => ({ loss: read("train"), validation: read("validation_loss"), score: read(`score:${scoreName}`) }),
    [read, scoreName],
  );
  const records = views.map((view) => view.data?.record ?? null);
  const flows = views.map((view) => view.data?.flow ?? null);
  return (
    <section id="comparison" className={css.compare} aria-label="Comparison">
      <div className={css.tools}>
        <h2>{runs.length} runs side by side</h2>
        <span className={css.gap} />
        <Button
          tip="One HTML file that stands alone, held against the first run; the pictures in it are of images that only one of two runs gets right"
          whyNot={whyNoComparison(runs.map((run) => run.status))}
          onClick={() => openBeside(comparisonAddress(project, runs.map((run) => run.id)))}
        >
          <FileText size={13} aria-hidden /> Report of these runs
        </Button>
      </div>
      {isBusy ? <Busy what="Reading the runs…" /> : null}
      <div className={css.charts}>
        <LineChart title="Training loss" read={readers.loss} sync="compare" version={known} empty="None of these runs has a training loss." />
        <LineChart title="Validation loss" read={readers.validation} sync="compare" version={known} empty="None of these runs has a validation loss." />
        <LineChart
          title={`Validation ${scoreWords(scoreName).toLowerCase()}`}
          read={readers.score}
          sync="compare"
          version={known}
          show={(value) => (isShare(scoreName) ? formatPercent(value, 0) : showScore(scoreName, value))}
          empty="None of these runs has that validation score."
        />
      </div>
      <Scores names={names} runs={runs} records={records} />
      <Paired project={project} runs={runs} names={names} />
      <Settings names={names} flows={flows} isBusy={isBusy} />
    </section>
  );
}

type ScoresProps = { names: readonly string[]; runs: readonly RunCard[]; records: readonly (RunRecord | null)[] };

function Scores({ names, runs, records }: ScoresProps) {
  const splits = ["test", "validation"].filter((split) => records.some((record) => record?.metrics[split]));
  return splits.map((split) => {
    const columns = records.map((record) => (record?.metrics[split] ? scoreRows(record.metrics[split]) : []));
    const scores = [...new Set(columns.flatMap((rows) => rows.map((row) => row.name)))];
    return (
      <div key={split} className={css.scroll}>
        <table className={css.table}>
          <caption>{split === "test" ? "Test" : "Validation"} scores with 95 % intervals</caption>
          <Head names={names} first="Score" />
          <tbody>
            {scores.map((name) => {
              const found = columns.map((rows) => rows.find((row) => row.name === name)?.interval ?? null);
              const [from, to] = axisOf(name, found.filter((one) => one !== null));
              return (
                <tr key={name}>
                  <th scope="row">{scoreWords(name)}</th>
                  {found.map((interval, index) => (
                    <td key={names[index] ?? index}>
                      {interval ? (
                        <span className={css.score}>
                          {showScore(name, interval.value)}
                          <IntervalBar interval={interval} from={from} to={to} color={lineLook(index).color} words={intervalWords(name, interval)} />
                        </span>
                      ) : (
                        <span className={css.quiet}>none</span>
                      )}
                    </td>
                  ))}
                </tr>
              );
            })}
            {split === splits[0] ? (
              <tr>
                <th scope="row">Time</th>
                {runs.map((run) => (
                  <td key={run.id}>{formatSeconds(run.seconds)}</td>
                ))}
              </tr>
            ) : null}
          </tbody>
        </table>
      </div>
    );
  });
}

function Settings({ names, flows, isBusy }: { names: readonly string[]; flows: readonly (Flow | null)[]; isBusy: boolean }) {
  const found = differences(flows);
  if (isBusy) return null;
  if (found.length === 0) return <p className={css.quiet}>The flows and recipes of these runs are the same in every setting.</p>;
  return (
    <div className={css.scroll}>
      <table className={css.table}>
        <caption>Settings that differ</caption>
        <Head names={names} first="Setting" />
        <tbody>
          {found.map(({ what, values }) => (
            <tr key={what}>
              <th scope="row">{what.replaceAll("_", " ")}</th>
              {values.map((value, index) => (
                <td key={names[index] ?? index}>{value ?? <span className={css.quiet}>not in it</span>}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ names, first }: { names: readonly string[]; first: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {names.map((name, index) => (
          <th key={name} scope="col">
            <span className={css.swatch} style={{ background: `var(${lineLook(index).color})` }} aria-hidden />
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}
