import type { AveragedRun } from "../../api/types";
import { formatNumber, formatPercent } from "../../model/format";
import { averagedWords, statisticsWords } from "../../model/mix";
import { useRoute } from "../../store/route";
import { Card } from "./Card";
import css from "./run.module.css";

/** Where the weights of a run come from that was not trained. */
export function AveragedCard({ project, averaged }: { project: string; averaged: AveragedRun }) {
  const go = useRoute((state) => state.go);
  const link = (id: string, name: string) => (
    <button type="button" className={css.linkButton} onClick={() => go({ page: "run", project, run: id, tab: "overview" })}>
      {name}
    </button>
  );
  return (
    <Card title="Where the weights come from">
      <p>{averagedWords(averaged)}</p>
      <table className={css.table}>
        <caption>Parents and their shares</caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col" className={css.number}>
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {averaged.parents.map((parent) => (
            <tr key={`${parent.run} ${parent.state}`}>
              <th scope="row">{link(parent.run, parent.name)}</th>
              <td>{parent.state === "start" ? "where its training began" : "where it ended"}</td>
              <td className={css.number}>{formatPercent(parent.share, 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {averaged.steps.length ? (
        <table className={css.table}>
          <caption>Tried in this order, by validation {(averaged.chosen_by ?? "").replaceAll("_", " ")}</caption>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col" className={css.number}>
                Alone
              </th>
              <th scope="col" className={css.number}>
                Soup with it
              </th>
              <th scope="col">Kept</th>
            </tr>
          </thead>
          <tbody>
            {averaged.steps.map((step) => (
              <tr key={step.run}>
                <th scope="row">{link(step.run, step.name)}</th>
                <td className={css.number}>{formatNumber(step.alone)}</td>
                <td className={css.number}>{step.together === null ? "–" : formatNumber(step.together)}</td>
                <td>{step.is_kept ? "kept" : "left out"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      <p className={css.quiet}>{statisticsWords(averaged)}</p>
    </Card>
  );
}
