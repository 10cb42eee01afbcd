import { IntervalBar } from "../../charts/IntervalBar";
import { formatExact } from "../../model/format";
import type { AnyScores } from "../../model/runlog";
import { axisOf, intervalWords, scoreRows } from "../../model/scores";
import { scoreWords, showScore } from "../../model/told";
import css from "./results.module.css";

/** Scores of each split with their 95 % intervals, beside what a constant answer would give. */
export function ScoresTable({ metrics }: { metrics: Readonly<Record<string, AnyScores>> }) {
  const splits = ["test", "validation"].filter((split) => metrics[split]);
  if (splits.length === 0) return <p className={css.quiet}>The run has no scores: they come at its end.</p>;
  return splits.map((split) => {
    const scores = metrics[split] as AnyScores;
    return (
      <table key={split} className={css.table}>
        <caption>
          {split === "test" ? "Test" : "Validation"}: {formatExact(scores.num_images)} images. With 95 % intervals.
        </caption>
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col" className={css.number}>
              Value
            </th>
            <th scope="col">Interval</th>
            <th scope="col">Without learning</th>
          </tr>
        </thead>
        <tbody>
          {scoreRows(scores).map(({ name, interval, baseline, baselineWords }) => {
            const [from, to] = axisOf(name, [interval], baseline);
            return (
              <tr key={name}>
                <th scope="row">{scoreWords(name)}</th>
                <td className={css.number}>{showScore(name, interval.value)}</td>
                <td>
                  <IntervalBar interval={interval} from={from} to={to} baseline={baseline} words={`${scoreWords(name)} ${intervalWords(name, interval)}`} />
                </td>
                <td className={css.quiet}>{baseline === null ? "" : `${showScore(name, baseline)} by ${baselineWords}`}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    );
  });
}
