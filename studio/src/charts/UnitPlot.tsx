import { Table2 } from "lucide-react";
import { type ReactNode, useId, useState } from "react";

import { IconButton } from "../kit/Button";
import type { Plotted } from "../model/evaluation";
import css from "./charts.module.css";

type Props = {
  title: string;
  xWords: string;
  yWords: string;
  drawn: readonly Plotted[];
  /** A thin line from corner to corner: guessing, or probabilities that are exactly right. */
  hasDiagonal?: boolean;
  aside?: ReactNode;
  empty: string;
};

const SIDE = 300;
const LEFT = 46;
const BOTTOM = 38;
const TICKS = [0, 0.25, 0.5, 0.75, 1];
const MOST_ROWS = 100;

const x = (value: number): number => LEFT + value * SIDE;
const y = (value: number): number => 8 + (1 - value) * SIDE;

/** Lines, or dots with intervals, over the unit square; there as a table too. */
export function UnitPlot({ title, xWords, yWords, drawn, hasDiagonal = false, aside, empty }: Props) {
  const [isTable, setTable] = useState(false);
  const id = useId();
  return (
    <figure className={css.unit} aria-labelledby={id}>
      <figcaption className={css.head}>
        <span id={id} className={css.title}>
          {title}
        </span>
        <span className={css.unitAside}>{aside}</span>
        <IconButton label={isTable ? "View as chart" : "View as table"} aria-pressed={isTable} whyNot={drawn.length ? null : "There is nothing to show."} onClick={() => setTable(!isTable)}>
          <Table2 size={14} />
        </IconButton>
      </figcaption>
      {drawn.length === 0 ? (
        <p className={css.empty}>{empty}</p>
      ) : isTable ? (
        <Numbers title={title} xWords={xWords} yWords={yWords} drawn={drawn} />
      ) : (
        <svg className={css.unitPlot} viewBox={`0 0 ${LEFT + SIDE + 12} ${SIDE + BOTTOM + 8}`} role="img" aria-label={`${title}: chart. View as table for the numbers.`}>
          <Axes xWords={xWords} yWords={yWords} />
          {hasDiagonal ? <line x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} className={css.diagonal} /> : null}
          {drawn.map((one, index) => (one.spans ? <Dots key={one.key} one={one} shift={index} /> : <Curve key={one.key} one={one} />))}
        </svg>
      )}
      {isTable ? null : <Names drawn={drawn} />}
    </figure>
  );
}

function Axes({ xWords, yWords }: { xWords: string; yWords: string }) {
  return (
    <g className={css.axes}>
      {TICKS.map((tick) => (
        <g key={tick}>
          <line x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
          <line y1={y(0)} y2={y(1)} x1={x(tick)} x2={x(tick)} />
          <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
            {tick}
          </text>
          <text x={x(tick)} y={y(0) + 15} textAnchor="middle">
            {tick}
          </text>
        </g>
      ))}
      <text x={x(0.5)} y={y(0) + 32} textAnchor="middle">
        {xWords}
      </text>
      <text transform={`translate(11 ${y(0.5)}) rotate(-90)`} textAnchor="middle">
        {yWords}
      </text>
    </g>
  );
}

function Curve({ one }: { one: Plotted }) {
  const points = one.points.map(([a, b]) => `${x(a)},${y(b)}`).join(" ");
  return (
    <polyline points={points} fill="none" stroke={`var(${one.color})`} strokeWidth={1.75} strokeDasharray={one.dash?.join(" ")}>
      <title>{one.label}</title>
    </polyline>
  );
}

/** Dots joined by a faint line; the intervals of several series lie a little beside each other. */
function Dots({ one, shift }: { one: Plotted; shift: number }) {
  const color = `var(${one.color})`;
  const by = shift * 3;
  return (
    <g>
      <polyline points={one.points.map(([a, b]) => `${x(a) + by},${y(b)}`).join(" ")} fill="none" stroke={color} strokeWidth={1} opacity={0.6} />
      {one.points.map(([a, b], index) => {
        const [low, high] = one.spans?.[index] ?? [b, b];
        return (
          <g key={index}>
            <line x1={x(a) + by} x2={x(a) + by} y1={y(low)} y2={y(high)} stroke={color} strokeWidth={1.5} opacity={0.55} />
            {shift % 2 ? (
              <rect x={x(a) + by - 3.5} y={y(b) - 3.5} width={7} height={7} fill={color} />
            ) : (
              <circle cx={x(a) + by} cy={y(b)} r={4} fill={color} />
            )}
          </g>
        );
      })}
    </g>
  );
}

function Names({ drawn }: { drawn: readonly Plotted[] }) {
  return (
    <ul className={css.unitNames}>
      {drawn.map((one, index) => (
        <li key={one.key}>
          <svg width={18} height={10} aria-hidden>
            {one.spans ? (
              index % 2 ? (
                <rect x={5} y={1} width={8} height={8} fill={`var(${one.color})`} />
              ) : (
                <circle cx={9} cy={5} r={4} fill={`var(${one.color})`} />
              )
            ) : (
              <line x1={1} x2={17} y1={5} y2={5} stroke={`var(${one.color})`} strokeWidth={2} strokeDasharray={one.dash?.join(" ")} />
            )}
          </svg>
          {one.label}
        </li>
      ))}
    </ul>
  );
}

function Numbers({ title, xWords, yWords, drawn }: Pick<Props, "title" | "xWords" | "yWords" | "drawn">) {
  return (
    <div className={css.unitTable} tabIndex={0} role="region" aria-label={`${title} as a table`}>
      <table className={css.table}>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">{xWords}</th>
            <th scope="col">{yWords}</th>
          </tr>
        </thead>
        <tbody>
          {drawn.flatMap((one) => {
            const every = Math.max(1, Math.ceil(one.points.length / MOST_ROWS));
            return one.points.flatMap(([a, b], index) => {
              if (index % every && index !== one.points.length - 1) return [];
              const span = one.spans?.[index];
              return [
                <tr key={`${one.key}-${index}`}>
                  <th scope="row">{one.label}</th>
                  <td>{a.toFixed(3)}</td>
                  <td>{span ? `${b.toFixed(3)} (${span[0].toFixed(3)} to ${span[1].toFixed(3)})` : b.toFixed(3)}</td>
                </tr>,
              ];
            });
          })}
        </tbody>
      </table>
    </div>
  );
}
