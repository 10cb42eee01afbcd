import type { RaceState } from "../../../api/types";
import { LaneCurve } from "../../../charts/LaneCurve";
import { Badge } from "../../../kit/small";
import table from "../../../kit/table.module.css";
import { formatPercent, formatSeconds } from "../../../model/format";
import { laneName, laneStatus, lastScore, scoreRange } from "../../../model/race";
import css from "./race.module.css";

/** The lanes as they stand: how far, how good so far, how long yet. */
export function RaceLanes({ state }: { state: RaceState }) {
  const range = scoreRange(state.lanes);
  const rungs = (state.plan?.rungs ?? []).slice(0, -1).map((rung) => rung.epochs);
  const show = (score: number | null) => (score === null ? "–" : state.score_name === "r2" ? score.toFixed(3) : formatPercent(score));
  return (
    <div className={css.scroll}>
      <table className={table.table}>
        <caption>Lanes: validation score by epoch, a line for each seed; upright lines are rungs.</caption>
        <thead>
          <tr>
            <th scope="col">Lane</th>
            <th scope="col">Validation</th>
            <th scope="col" className={table.number}>
              Last
            </th>
            <th scope="col">Stands</th>
            <th scope="col" className={table.number}>
              Spent
            </th>
            <th scope="col" className={table.number}>
              Left, at most
            </th>
          </tr>
        </thead>
        <tbody>
          {state.lanes.map((lane) => (
            <tr key={lane.strategy}>
              <th scope="row">
                {laneName(lane.strategy)} {state.advice === lane.strategy ? <Badge tone="accent">advised</Badge> : null}
              </th>
              <td className={css.curve}>
                <LaneCurve
                  lane={lane}
                  epochs={Math.max(lane.epochs, state.plan?.epochs ?? 0)}
                  range={range}
                  rungs={rungs}
                  label={`${laneName(lane.strategy)}: ${laneStatus(lane)}, last score ${show(lastScore(lane))}`}
                />
              </td>
              <td className={table.number}>{show(lastScore(lane))}</td>
              <td>
                {laneStatus(lane)}
                {lane.status === "running" ? `, epoch ${lane.epoch} of ${lane.epochs}` : ""}
                {lane.message ? <div className={css.quiet}>{lane.message}</div> : null}
              </td>
              <td className={table.number}>{lane.seconds ? formatSeconds(lane.seconds) : "–"}</td>
              <td className={table.number}>{lane.seconds_left ? formatSeconds(lane.seconds_left) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
