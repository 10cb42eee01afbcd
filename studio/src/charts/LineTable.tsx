import { useEffect, useReducer } from "react";

import { align } from "../model/series";
import css from "./charts.module.css";
import type { Line } from "./lines";

const MOST_ROWS = 200;

type Props = {
  caption: string;
  along: string;
  read: () => Line[];
  subscribe?: ((draw: () => void) => () => void) | undefined;
  version?: unknown;
  show: (value: number) => string;
};

/** The numbers of a chart as a table, for reading one by one and for screen readers. */
export function LineTable({ caption, along, read, subscribe, show }: Props) {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => subscribe?.(again), [subscribe]);
  const lines = read().filter((line) => line.xs.length > 0);
  const [xs, ...columns] = align(lines);
  const every = Math.max(1, Math.ceil(xs.length / MOST_ROWS));
  const rows = xs.map((_, index) => index).filter((index) => index % every === 0 || index === xs.length - 1);
  return (
    <div className={css.tableBox} tabIndex={0} role="region" aria-label={`${caption} as a table`}>
      <table className={css.table}>
        <caption>
          {caption}
          {every > 1 ? ` (one row of ${every} is shown)` : ""}
        </caption>
        <thead>
          <tr>
            <th scope="col">{along}</th>
            {lines.map((line) => (
              <th scope="col" key={line.key}>
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((index) => (
            <tr key={index}>
              <th scope="row">{Number((xs[index] ?? 0).toFixed(2))}</th>
              {columns.map((column, i) => (
                <td key={lines[i]?.key ?? i}>{typeof column[index] === "number" ? show(column[index]) : ""}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
