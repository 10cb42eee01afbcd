import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, GitCompareArrows } from "lucide-react";
import { useMemo, useRef, useState } from "react";

import type { RunCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { SelectField, TextField } from "../../kit/Field";
import { Empty } from "../../kit/small";
import { type Order, type SortKey, chosenRuns } from "../../model/compare";
import { formatPlural } from "../../model/format";
import { statusWords } from "../../model/progress";
import { keysOf } from "../../store/commands";
import { RunRow } from "./RunRow";
import css from "./runs.module.css";

const COLUMNS: readonly (readonly [SortKey, string])[] = [
  ["name", "Name"],
  ["status", "Status"],
  ["score", "Score"],
  ["strategy", "Strategy"],
  ["base", "Base"],
  ["source", "Data"],
  ["seconds", "Time"],
  ["proof_holds", "Proof"],
  ["created", "Started"],
];

const ROW_HEIGHT = 40;

type Props = { project: string; runs: readonly RunCard[]; chosen: readonly string[]; onChoose: (runs: readonly string[]) => void };

/** The table of runs: search, filter, sort, choose. */
export function RunsTable({ project, runs, chosen, onChoose }: Props) {
  const [text, setText] = useState("");
  const [status, setStatus] = useState("");
  const [order, setOrder] = useState<Order>({ by: "created", isDown: true });
  const shown = useMemo(() => chosenRuns(runs, text, status, order), [runs, text, status, order]);
  const box = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- its answers are read in this render only
  const virtual = useVirtualizer({ count: shown.length, getScrollElement: () => box.current, estimateSize: () => ROW_HEIGHT, overscan: 8 });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items[items.length - 1]?.end ?? 0);
  const statuses = [...new Set(runs.map((run) => run.status))];
  const sorted = (by: SortKey) => (order.by === by ? (order.isDown ? "descending" : "ascending") : "none");
  if (runs.length === 0) {
    return (
      <Empty title="No runs yet">
        <p>Open a flow and run it with {keysOf("run")}; each run appears here with its score, its time and its proof.</p>
      </Empty>
    );
  }
  return (
    <section className={css.runs} aria-label="All runs">
      <div className={css.tools}>
        <TextField label="Search" type="search" value={text} onChange={(event) => setText(event.target.value)} placeholder="Name, base, data, note" />
        <SelectField
          label="Status"
          value={status}
          onChange={(event) => setStatus(event.target.value)}
          options={[["", "All"], ...statuses.map((one): [string, string] => [one, statusWords(one)])]}
        />
        <span className={css.quiet} role="status">
          {formatPlural(shown.length, "run")}
          {chosen.length ? ` · ${chosen.length} chosen` : ""}
        </span>
        <span className={css.gap} />
        <Button
          look="primary"
          whyNot={chosen.length >= 2 ? null : "Choose two or more runs by their boxes."}
          onClick={() => document.getElementById("comparison")?.scrollIntoView()}
        >
          <GitCompareArrows size={14} aria-hidden /> Compare
        </Button>
        <Button whyNot={chosen.length ? null : "No run is chosen."} onClick={() => onChoose([])}>
          Choose none
        </Button>
      </div>
      <div className={css.scroll} ref={box}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">
                <span className="sr-only">Choose</span>
              </th>
              {COLUMNS.map(([by, words]) => (
                <th key={by} scope="col" aria-sort={sorted(by)}>
                  <button
                    type="button"
                    className={css.sort}
                    onClick={() => setOrder({ by, isDown: order.by === by ? !order.isDown : by === "score" || by === "created" })}
                  >
                    {words}
                    {order.by === by ? order.isDown ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden /> : null}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {before > 0 ? <tr aria-hidden style={{ height: before }} /> : null}
            {items.map((item) => {
              const run = shown[item.index];
              return run ? (
                <RunRow
                  key={run.id}
                  project={project}
                  run={run}
                  isChosen={chosen.includes(run.id)}
                  onToggle={() => onChoose(chosen.includes(run.id) ? chosen.filter((id) => id !== run.id) : [...chosen, run.id])}
                />
              ) : null;
            })}
            {after > 0 ? <tr aria-hidden style={{ height: after }} /> : null}
          </tbody>
        </table>
        {shown.length === 0 ? <p className={css.quiet}>No run fits.</p> : null}
      </div>
    </section>
  );
}
