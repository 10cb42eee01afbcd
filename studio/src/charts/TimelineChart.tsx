import { useId, useState } from "react";

import { Button } from "../kit/Button";
import { type Timeline, spanWords } from "../model/timeline";
import css from "./timeline.module.css";

/** Bars over the epochs of a training: when which part moves. Phases are parted by lines. */
export function TimelineChart({ title, timeline }: { title: string; timeline: Timeline }) {
  const id = useId();
  const [isTable, setTable] = useState(false);
  const share = (epochs: number) => `${(100 * epochs) / Math.max(1, timeline.epochs)}%`;
  return (
    <figure className={css.timeline} aria-labelledby={id}>
      <figcaption className={css.head}>
        <span id={id} className={css.title}>
          {title}
        </span>
        <Button onClick={() => setTable(!isTable)} aria-pressed={isTable}>
          {isTable ? "As bars" : "As table"}
        </Button>
      </figcaption>
      {isTable ? (
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col">Trained in</th>
            </tr>
          </thead>
          <tbody>
            {timeline.rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td>{spanWords(row)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <>
          <ul className={css.rows} aria-label={title}>
            {timeline.rows.map((row) => (
              <li key={row.name} className={css.row} title={`${row.name}: ${spanWords(row)}`} aria-label={`${row.name}: ${spanWords(row)}`}>
                <span className={css.name}>{row.name}</span>
                <span className={css.track} aria-hidden>
                  {row.spans.map((span) => (
                    <span key={`${span.phase} ${span.start}`} className={css.span} data-new={row.isNew} style={{ left: share(span.start), width: share(span.end - span.start) }} />
                  ))}
                  {timeline.phases.slice(1).map((phase) => (
                    <span key={phase.start} className={css.border} style={{ left: share(phase.start) }} />
                  ))}
                </span>
              </li>
            ))}
          </ul>
          <div className={css.axis} aria-hidden>
            <span />
            <span className={css.phases}>
              {timeline.phases.map((phase) => (
                <span key={phase.start} style={{ width: share(phase.end - phase.start) }}>
                  {phase.phase}: {phase.start + 1}–{phase.end}
                </span>
              ))}
            </span>
          </div>
        </>
      )}
    </figure>
  );
}
