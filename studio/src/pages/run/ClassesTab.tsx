import { ArrowDown, ArrowUp } from "lucide-react";
import { useState } from "react";

import type { Interval, RunRecord } from "../../api/types";
import { IntervalBar } from "../../charts/IntervalBar";
import { Empty } from "../../kit/small";
import { formatExact } from "../../model/format";
import { axisOf, intervalWords, partTable, sortedParts } from "../../model/scores";
import { scoreWords, showScore } from "../../model/told";
import css from "./run.module.css";

/** Scores of each class, tag or number, with intervals; sorted by any column. */
export default function ClassesTab({ record }: { record: RunRecord }) {
  const splits = ["test", "validation"].filter((one) => record.metrics[one]);
  const [split, setSplit] = useState(splits[0] ?? "test");
  const [order, setOrder] = useState({ by: "name", isDown: false });
  const scores = record.metrics[split];
  const table = scores ? partTable(scores) : null;
  if (!scores || !table) {
    return (
      <Empty title="No scores of parts">
        <p>This run says how odd an image is; that has no classes to be scored one by one.</p>
      </Empty>
    );
  }
  const head = (by: string, words: string) => (
    <th key={by} scope="col" aria-sort={order.by === by ? (order.isDown ? "descending" : "ascending") : "none"}>
      <button type="button" className={css.sort} onClick={() => setOrder({ by, isDown: order.by === by ? !order.isDown : by !== "name" })}>
        {words}
        {order.by === by ? order.isDown ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden /> : null}
      </button>
    </th>
  );
  return (
    <div className={css.list}>
      <select aria-label="Split" className={css.select} value={split} onChange={(event) => setSplit(event.target.value)}>
        {splits.map((one) => (
          <option key={one} value={one}>
            {one === "test" ? "Test images" : "Validation images"}
          </option>
        ))}
      </select>
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
