import { ArrowDown, ArrowUp } from "lucide-react";
import { useState } from "react";

import type { Interval } from "../../../api/types";
import { IntervalBar } from "../../../charts/IntervalBar";
import { formatExact } from "../../../model/format";
import { type PartTable, axisOf, intervalWords, sortedParts } from "../../../model/scores";
import { scoreWords, showScore } from "../../../model/told";
import css from "../run.module.css";

/** Scores of each class, tag or number, with intervals; sorted by any column. */
export function PartsTable({ table }: { table: PartTable }) {
  const [order, setOrder] = useState({ by: "name", isDown: false });
  const head = (by: string, words: string) => (
    <th key={by} scope="col" aria-sort={order.by === by ? (order.isDown ? "descending" : "ascending") : "none"}>
      <button type="button" className={css.sort} onClick={() => setOrder({ by, isDown: order.by === by ? !order.isDown : by !== "name" })}>
        {words}
        {order.by === by ? order.isDown ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden /> : null}
      </button>
    </th>
  );
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label={`Scores of each ${table.what.toLowerCase()}`}>
      <table className={css.table}>
        <caption>Intervals cover 95 %. A missing value says that there was nothing to count.</caption>
        <thead>
          <tr>
            {head("name", table.what)}
            {table.countWords ? head("count", table.countWords) : null}
            {table.columns.map((name) => head(name, scoreWords(name)))}
          </tr>
        </thead>
        <tbody>
          {sortedParts(table.rows, order.by, order.isDown).map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              {table.countWords ? <td className={css.number}>{formatExact(row.count)}</td> : null}
              {table.columns.map((name) => (
                <td key={name}>
                  <Value name={name} value={row.values[name] ?? null} all={table.rows.map((one) => one.values[name] ?? null)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Value = Interval | number | null;

function Value({ name, value, all }: { name: string; value: Value; all: readonly Value[] }) {
  if (value === null) return <span className={css.quiet}>none</span>;
  if (typeof value === "number") return showScore(name, value);
  const [from, to] = axisOf(name, all.filter((one): one is Interval => one !== null && typeof one === "object"));
  return (
    <span className={css.value}>
      <span className={css.number}>{showScore(name, value.value)}</span>
      <IntervalBar interval={value} from={from} to={to} words={`${scoreWords(name)} ${intervalWords(name, value)}`} />
    </span>
  );
}
