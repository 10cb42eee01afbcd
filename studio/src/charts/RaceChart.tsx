import { Table2 } from "lucide-react";
import { useId, useMemo, useState } from "react";

import type { Interval, Race, RaceLane } from "../api/types";
import { IconButton } from "../kit/Button";
import { COSTS, type CostKind, costOf, laneName, laneStatus, racePlot, type RacePlot, showCost } from "../model/race";
import charts from "./charts.module.css";
import css from "./race.module.css";

type Props = { race: Race; kind: CostKind; title: string; show: (score: number) => string; showInterval: (score: Interval) => string };

const WIDTH = 620;
const HEIGHT = 300;
const FRAME = { left: 54, right: WIDTH - 16, top: 12, bottom: HEIGHT - 40 };

/** What lanes cost against how they score, with intervals and the front; as a table too. */
export function RaceChart({ race, kind, title, show, showInterval }: Props) {
  const [isTable, setTable] = useState(false);
  const id = useId();
  const plot = useMemo(() => racePlot(race, kind, FRAME, show), [race, kind, show]);
  if (!plot) return null;
  return (
    <figure className={css.figure} aria-labelledby={id}>
      <figcaption className={charts.head}>
        <span id={id} className={charts.title}>
          {title}
        </span>
        <ul className={charts.legend}>
          <li>
            <svg width={20} height={8} aria-hidden>
              <line x1={1} x2={19} y1={4} y2={4} className={css.front} />
            </svg>
            Nobody is as good for less
          </li>
          {plot.constant === null ? null : (
            <li>
              <svg width={20} height={8} aria-hidden>
                <line x1={1} x2={19} y1={4} y2={4} className={css.constant} />
              </svg>
              Constant answer
            </li>
          )}
        </ul>
        <IconButton label={isTable ? "View as chart" : "View as table"} aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          <Table2 size={14} />
        </IconButton>
      </figcaption>
      {isTable ? (
        <RaceTable race={race} kind={kind} caption={title} showInterval={showInterval} />
      ) : (
        <Drawing race={race} kind={kind} plot={plot} title={title} show={show} />
      )}
    </figure>
  );
}

function Drawing({ race, kind, plot, title, show }: { race: Race; kind: CostKind; plot: RacePlot; title: string; show: (score: number) => string }) {
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={css.drawing} role="img" aria-label={`${title}: chart. View as table for the numbers.`}>
      {plot.ys.map((tick) => (
        <g key={tick.text}>
          <line x1={FRAME.left} x2={FRAME.right} y1={tick.at} y2={tick.at} className={css.grid} />
          <text x={FRAME.left - 8} y={tick.at + 4} textAnchor="end">
            {tick.text}
          </text>
        </g>
      ))}
      {plot.xs.map((tick) => (
        <g key={tick.at}>
          <line x1={tick.at} x2={tick.at} y1={FRAME.bottom} y2={FRAME.bottom + 4} className={css.grid} />
          <text x={tick.at} y={FRAME.bottom + 17} textAnchor="middle">
            {tick.text}
          </text>
        </g>
      ))}
      <text x={(FRAME.left + FRAME.right) / 2} y={HEIGHT - 4} textAnchor="middle">
        {COSTS[kind].toLowerCase()}
      </text>
      {plot.constant === null ? null : <line x1={FRAME.left} x2={FRAME.right} y1={plot.constant} y2={plot.constant} className={css.constant} />}
      <path d={plot.front} className={css.front} />
      {plot.spots.map(({ lane, x, y, low, high, isLeft }) => (
        <g key={lane.strategy} className={css.spot} data-lane={lane.strategy} data-winner={lane.strategy === race.winner}>
          <title>{spotWords(race, lane, kind, show)}</title>
          <line x1={x} x2={x} y1={high} y2={low} className={css.whisker} />
          {lane.status === "stopped" ? <rect x={x - 4} y={y - 4} width={8} height={8} className={css.early} /> : <circle cx={x} cy={y} r={lane.strategy === race.winner ? 6 : 4.5} />}
          <text x={isLeft ? x - 10 : x + 10} y={y + 4} textAnchor={isLeft ? "end" : "start"} className={css.name}>
            {laneName(lane.strategy)}
            {lane.status === "stopped" ? ` (epoch ${lane.epoch})` : ""}
          </text>
        </g>
      ))}
    </svg>
  );
}

function spotWords(race: Race, lane: RaceLane, kind: CostKind, show: (score: number) => string): string {
  const score = race.split === "test" ? lane.test : lane.validation;
  return `${laneName(lane.strategy)}: ${score ? show(score.value) : "not scored"}, ${showCost(costOf(lane, kind) ?? 0, kind)}; ${laneStatus(lane)}`;
}

function RaceTable({ race, kind, caption, showInterval }: { race: Race; kind: CostKind; caption: string; showInterval: Props["showInterval"] }) {
  return (
    <div className={charts.tableBox} tabIndex={0} role="region" aria-label={`${caption} as a table`}>
      <table className={[charts.table, css.table].join(" ")}>
        <caption>{caption}, with 95 % intervals</caption>
        <thead>
          <tr>
            <th scope="col">Lane</th>
            <th scope="col">Validation</th>
            {race.split === "test" ? <th scope="col">Test</th> : null}
            <th scope="col">{COSTS[kind]}</th>
          </tr>
        </thead>
        <tbody>
          {race.lanes.map((lane) => (
            <tr key={lane.strategy}>
              <th scope="row">{laneName(lane.strategy)}</th>
              <td>{lane.validation ? showInterval(lane.validation) : "–"}</td>
              {race.split === "test" ? <td>{lane.test ? showInterval(lane.test) : "–"}</td> : null}
              <td>{lane.cost ? showCost(costOf(lane, kind) ?? 0, kind) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
