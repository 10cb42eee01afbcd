import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, Info, ScrollText, TriangleAlert } from "lucide-react";
import { useState } from "react";

import type { RunCard } from "../../api/types";
import { Empty } from "../../kit/small";
import type { Told } from "../../model/told";
import { useRun } from "../../store/runs";
import { ask } from "../../store/session";
import css from "./dock.module.css";

const ICONS = { info: Info, warning: TriangleAlert, error: CircleAlert, ok: CircleCheck };
type Filter = "all" | "attention" | "process";

/** The story of the run in words, and what its process wrote. */
export default function LogTab({ project, run }: { project: string | null; run: RunCard | null }) {
  const followed = useRun(project, run?.id ?? null);
  const [filter, setFilter] = useState<Filter>("all");
  const [text, setText] = useState("");
  if (!project || !run) {
    return (
      <Empty icon={<ScrollText size={20} aria-hidden />} title="Nothing was said yet">
        <p>Notes, warnings and each epoch of a run appear here.</p>
      </Empty>
    );
  }
  const words = text.toLowerCase();
  const told = (followed?.log.told ?? []).filter(
    (line) =>
      (filter !== "attention" || line.level === "warning" || line.level === "error") && line.text.toLowerCase().includes(words),
  );
  return (
    <div className={css.log}>
      <div className={css.logTop}>
        <select aria-label="Which lines" className={css.select} value={filter} onChange={(event) => setFilter(event.target.value as Filter)}>
          <option value="all">All that happened</option>
          <option value="attention">Warnings and errors</option>
          <option value="process">What its process wrote</option>
        </select>
        <input className={css.search} type="search" aria-label="Search the log" placeholder="Search" value={text} onChange={(event) => setText(event.target.value)} />
        <span className={css.quiet}>{filter === "process" ? "" : `${told.length} lines`}</span>
      </div>
      {filter === "process" ? <ProcessLog project={project} run={run.id} text={words} /> : <Story told={told} />}
    </div>
  );
}

function Story({ told }: { told: readonly Told[] }) {
  if (told.length === 0) return <p className={css.quiet}>No line fits.</p>;
  return (
    <ol className={css.lines} tabIndex={0} aria-label="Log">
      {told.slice(-500).map((line, index) => {
        const Icon = ICONS[line.level];
        return (
          <li key={`${line.time}-${index}`} data-level={line.level}>
            <time dateTime={new Date(1000 * line.time).toISOString()}>{new Date(1000 * line.time).toLocaleTimeString()}</time>
            <Icon size={13} aria-label={line.level} />
            <span>{line.text}</span>
          </li>
        );
      })}
    </ol>
  );
}

function ProcessLog({ project, run, text }: { project: string; run: string; text: string }) {
  const view = useQuery({ ...ask.run(project, run), refetchInterval: 3_000 });
  const lines = (view.data?.log ?? "").split("\n").filter((line) => line.toLowerCase().includes(text));
  if (!view.data?.log) return <p className={css.quiet}>Its process wrote nothing beside its events.</p>;
  return (
    <pre className={css.process} tabIndex={0}>
      {lines.join("\n")}
    </pre>
  );
}
