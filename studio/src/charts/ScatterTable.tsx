import { formatExact, formatNumber } from "../model/format";
import type { Points } from "../model/scatter";
import css from "./charts.module.css";

const MOST_ROWS = 200;

type Props = {
  label: string;
  points: Points;
  names: readonly string[] | undefined;
  axes: { x: string; y: string };
  chosen: readonly number[];
};

/** The points of a scatter as a table: those that are chosen, else all; the first two hundred. */
export function ScatterTable({ label, points, names, axes, chosen }: Props) {
  const total = chosen.length || points.x.length;
  const rows = chosen.length ? chosen.slice(0, MOST_ROWS) : Array.from({ length: Math.min(MOST_ROWS, total) }, (_, i) => i);
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
            <th scope="col">{axes.x}</th>
            <th scope="col">{axes.y}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((index) => (
            <tr key={index}>
              <th scope="row">{names?.[index] ?? formatExact(index + 1)}</th>
              <td>{formatNumber(points.x[index])}</td>
              <td>{formatNumber(points.y[index])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
