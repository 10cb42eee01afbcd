import { useState } from "react";

import type { Evaluation, RunCard } from "../../../api/types";
import { IntervalBar } from "../../../charts/IntervalBar";
import { Button } from "../../../kit/Button";
import { Badge } from "../../../kit/small";
import { type SliceRow, isClear, pWords, sliceRows } from "../../../model/evaluation";
import { formatExact, formatPlural } from "../../../model/format";
import { axisOf, differenceWords, intervalWords } from "../../../model/scores";
import { showScore } from "../../../model/told";
import { PredictionGrid } from "../../../panels/dock/PredictionGrid";
import { Card } from "../Card";
import css from "./evaluation.module.css";

type Props = { project: string; card: RunCard; found: Evaluation; classes: readonly string[] };
const FIRST = 12;

/** Parts of the images on which the run does worse or better than on the rest, the worst first. */
export function SlicesCard({ project, card, found, classes }: Props) {
  const [chosen, setChosen] = useState<SliceRow | null>(null);
  const [isLong, setLong] = useState(false);
  const rows = sliceRows(found);
  const score = found.slice_score ?? "accuracy";
  if (!rows.length) {
    return (
      <Card title="Slices">
        <p className={css.quiet}>Nothing is known of these images that parts them: they are alike in size and kind, and come from no table with further columns.</p>
      </Card>
    );
  }
  const [from, to] = axisOf(score, rows.map((row) => row.score));
  const numClear = rows.filter(isClear).length;
  const shown = isLong ? rows : rows.slice(0, FIRST);
  return (
    <Card title="Slices" aside={<span className={css.quiet}>{numClear ? `${formatPlural(numClear, "slice")} clearly unlike the rest` : "No slice is clearly unlike the rest"}</span>}>
      <div className={css.scroll} tabIndex={0} role="region" aria-label="Slices">
        <table className={css.table}>
          <caption>
            {score === "mae" ? "Mean absolute error" : "Accuracy"} on each part against all other images, the worst first. Corrected p: for all {rows.length} slices together (Holm).
          </caption>
          <thead>
            <tr>
              <th scope="col">Slice</th>
              <th scope="col" className={css.number}>Images</th>
              <th scope="col">{score === "mae" ? "Mean absolute error" : "Accuracy"}</th>
              <th scope="col">Difference from the rest</th>
              <th scope="col" className={css.number}>Corrected p</th>
              <th scope="col">
                <span className="sr-only">Notes</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.key} data-chosen={chosen?.key === row.key || undefined}>
                <th scope="row">
                  <button type="button" className={css.linkButton} aria-expanded={chosen?.key === row.key} onClick={() => setChosen(chosen?.key === row.key ? null : row)}>
                    {row.column} {row.name}
                  </button>
                </th>
                <td className={css.number}>{formatExact(row.num_images)}</td>
                <td>
                  <span className={css.value}>
                    <span className={css.number}>{showScore(score, row.score.value)}</span>
                    <IntervalBar interval={row.score} from={from} to={to} baseline={row.rest} words={`${row.column} ${row.name}: ${intervalWords(score, row.score)}`} />
                  </span>
                </td>
                <td>{row.difference ? differenceWords(score, row.difference) : "–"}</td>
                <td className={css.number}>{pWords(row.corrected_p_value)}</td>
                <td>
                  {isClear(row) ? <Badge tone="warning">unlike the rest</Badge> : null} {row.is_small ? <Badge>few images</Badge> : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > FIRST ? <Button onClick={() => setLong(!isLong)}>{isLong ? "Show the worst only" : `Show all ${rows.length}`}</Button> : null}
      {chosen ? (
        <div className={css.images}>
          <h3>
            {chosen.column} {chosen.name} <span className={css.quiet}>{formatPlural(chosen.num_images, "image")}, the largest loss first</span>
          </h3>
          <PredictionGrid
            key={chosen.key}
            project={project}
            card={card}
            classes={classes}
            question={{
              split: found.split,
              ...(found.on ? { on: found.on } : {}),
              trait: chosen.column,
              part: chosen.name,
              only: "all",
              sort: "loss",
              descending: true,
            }}
          />
        </div>
      ) : (
        <p className={css.quiet}>Choose a slice to see its images. The dotted line in each bar is the rest.</p>
      )}
    </Card>
  );
}
