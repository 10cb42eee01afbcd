import { useMemo } from "react";

import { formatExact, formatNumber } from "../model/format";
import type { Points } from "../model/scatter";
import css from "./charts.module.css";
import type { Fact } from "./Scatter";

const MOST_ROWS = 200;

type Props = {
  label: string;
  points: Points;
  names: readonly string[] | undefined;
  facts: readonly Fact[] | undefined;
  axes: { x: string; y: string };
  chosen: readonly number[];
};

/** The points of a scatter as a table: those that are chosen, else all; the first two hundred. */
export function ScatterTable({ label, points, names, facts = [], axes, chosen }: Props) {
  const there = useMemo(() => [...points.x.keys()].filter((i) => Number.isFinite(points.x[i]) && Number.isFinite(points.y[i])), [points]);
  const total = chosen.length || there.length;
  const rows = (chosen.length ? chosen : there).slice(0, MOST_ROWS);
  return (
    <div className={css.tableBox} tabIndex={0} role="region" aria-label={`${label} as a table`}>
      <table className={css.table}>
        <caption>
          {label}
          {total > rows.length ? ` (the first ${rows.length} of ${formatExact(total)})` : ""}
        </caption>
        <thead>
          <tr>
            <th scope="col">{names ? "Name" : "Number"}</th>
            {facts.map(({ title }) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
            <th scope="col">{axes.x}</th>
            <th scope="col">{axes.y}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((index) => (
            <tr key={index}>
              <th scope="row">{names?.[index] ?? formatExact(index + 1)}</th>
              {facts.map(({ title, of }) => (
                <td key={title}>{of(index)}</td>
              ))}
              <td>{formatNumber(points.x[index])}</td>
              <td>{formatNumber(points.y[index])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
