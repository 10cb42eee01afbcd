import { Table2 } from "lucide-react";
import { useId, useMemo, useState } from "react";

import type { LearningCurve } from "../api/types";
import { IconButton } from "../kit/Button";
import { formatExact } from "../model/format";
import { type CurveLine, neededWords, type Plot, plotOf, type Spot } from "../model/learning_curve";
import charts from "./charts.module.css";
import css from "./curve.module.css";

type Props = { curve: LearningCurve; title: string; show: (score: number) => string; showInterval: (score: LearningCurve["transfer"][number]["score"]) => string };

const WIDTH = 520;
const HEIGHT = 250;
const FRAME = { left: 50, right: WIDTH - 14, top: 10, bottom: HEIGHT - 38 };
const WORDS = { transfer: "Transfer", scratch: "From scratch" } as const;

/** Scores at growing numbers of labels with their intervals; as a table too. */
export function LearningCurveChart({ curve, title, show, showInterval }: Props) {
  const [isTable, setTable] = useState(false);
  const id = useId();
  const plot = useMemo(() => plotOf(curve, FRAME, show), [curve, show]);
  return (
    <figure className={css.figure} aria-labelledby={id}>
      <figcaption className={charts.head}>
        <span id={id} className={charts.title}>
          {title}
        </span>
        <ul className={charts.legend}>
          {plot.lines.map((line) => (
            <li key={line.key}>
              <svg width={20} height={8} aria-hidden>
                <line x1={1} x2={19} y1={4} y2={4} className={css.line} data-line={line.key} />
              </svg>
              {WORDS[line.key]}
            </li>
          ))}
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
        <CurveTable curve={curve} caption={title} showInterval={showInterval} />
      ) : (
        <Drawing plot={plot} title={title} show={show} />
      )}
    </figure>
  );
}

function Drawing({ plot, title, show }: { plot: Plot; title: string; show: (score: number) => string }) {
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
        <g key={tick.text}>
          <line x1={tick.at} x2={tick.at} y1={FRAME.bottom} y2={FRAME.bottom + 4} className={css.grid} />
          <text x={tick.at} y={FRAME.bottom + 17} textAnchor="middle">
            {tick.text}
          </text>
        </g>
      ))}
      <text x={(FRAME.left + FRAME.right) / 2} y={HEIGHT - 4} textAnchor="middle">
        training labels
      </text>
      {plot.constant === null ? null : <line x1={FRAME.left} x2={FRAME.right} y1={plot.constant} y2={plot.constant} className={css.constant} />}
      {plot.lines.map((line) => (
        <path key={line.key} d={line.band} className={css.band} data-line={line.key} />
      ))}
      {plot.ahead ? (
        <g data-line="transfer">
          <line x1={plot.ahead.from.x} y1={plot.ahead.from.y} x2={plot.ahead.to.x} y2={plot.ahead.to.y} className={css.ahead} />
          <line x1={plot.ahead.to.x} x2={plot.ahead.to.x} y1={plot.ahead.to.high} y2={plot.ahead.to.low} className={css.ahead} />
        </g>
      ) : null}
      {plot.lines.map((line) => (
        <g key={line.key}>
          <path d={line.path} className={css.line} data-line={line.key} />
          {line.spots.map((spot) => (
            <Dot key={spot.labels} line={line} spot={spot} show={show} />
          ))}
        </g>
      ))}
    </svg>
  );
}

function Dot({ line, spot, show }: { line: CurveLine; spot: Spot; show: (score: number) => string }) {
  const words = `${WORDS[line.key]}, ${formatExact(spot.labels)} labels: ${show(spot.score)}`;
  return (
    <g className={css.dot} data-line={line.key}>
      <title>{words}</title>
      <line x1={spot.x} x2={spot.x} y1={spot.low} y2={spot.high} className={css.whisker} data-line={line.key} />
      {line.key === "transfer" ? <circle cx={spot.x} cy={spot.y} r={4} /> : <rect x={spot.x - 3.5} y={spot.y - 3.5} width={7} height={7} />}
    </g>
  );
}

function CurveTable({ curve, caption, showInterval }: Pick<Props, "curve" | "showInterval"> & { caption: string }) {
  const shares = [...new Set([...curve.transfer, ...curve.scratch].map((point) => point.share))].sort((a, b) => a - b);
  const at = (line: LearningCurve["transfer"], share: number) => line.find((point) => point.share === share);
  return (
    <div className={charts.tableBox} tabIndex={0} role="region" aria-label={`${caption} as a table`}>
      <table className={[charts.table, css.table].join(" ")}>
        <caption>{caption}, with 95 % intervals</caption>
        <thead>
          <tr>
            <th scope="col">Labels</th>
            <th scope="col">Transfer</th>
            <th scope="col">From scratch</th>
            <th scope="col">Scratch needs</th>
          </tr>
        </thead>
        <tbody>
          {shares.map((share) => {
            const [own, other] = [at(curve.transfer, share), at(curve.scratch, share)];
            const labels = own?.num_labels ?? other?.num_labels ?? 0;
            return (
              <tr key={share}>
                <th scope="row">{formatExact(labels)}</th>
                <td>{own ? showInterval(own.score) : ""}</td>
                <td>{other ? showInterval(other.score) : ""}</td>
                <td>{neededWords(curve, labels)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
