import { ArrowDown } from "lucide-react";
import { useState } from "react";

import type { RankedBase, Ranking, RankMeasure } from "../../api/types";
import { IntervalBar } from "../../charts/IntervalBar";
import { Button } from "../../kit/Button";
import { Badge } from "../../kit/small";
import { formatBytes, formatParameters, formatSeconds } from "../../model/format";
import { intervalText, measuresOf, orderedBy, scoreAxis, shortName, showValue, withBase } from "../../model/ranking";
import { useDoc } from "../../store/doc";
import { takeBase } from "../../store/ranking";
import css from "./bases.module.css";

/** Measures that are shown without being asked for. */
const MAIN: ReadonlySet<RankMeasure> = new Set(["logme", "linear", "knn", "nearest_mean", "leep"]);

type Props = { ranking: Ranking; by: RankMeasure; onBy: (by: RankMeasure) => void };

/** One row a base: every measure, and what the base costs. */
export function RankTable({ ranking, by, onBy }: Props) {
  const [isAll, setAll] = useState(false);
  const known = measuresOf(ranking);
  const measures = known.filter(({ name }) => isAll || name === by || MAIN.has(name));
  const axis = scoreAxis(ranking);
  return (
    <>
    <div className={css.scroll} tabIndex={0} role="region" aria-label="Ranked bases">
      <table className={css.table}>
        <caption className="sr-only">Bases, best first</caption>
        <thead>
          <tr>
            <th scope="col">Base</th>
            {measures.map(({ name, words, meaning }) => (
              <th key={name} scope="col" className={css.number} aria-sort={by === name ? "descending" : "none"}>
                <button type="button" className={css.sort} title={meaning} onClick={() => onBy(name)}>
                  {words}
                  {by === name ? <ArrowDown size={12} aria-hidden /> : null}
                </button>
              </th>
            ))}
            <th scope="col" className={css.number}>Parameters</th>
            <th scope="col" className={css.number}>An image</th>
            <th scope="col" className={css.number}>Measured in</th>
          </tr>
        </thead>
        <tbody>
          {orderedBy(ranking, by).map((row) => (
            <tr key={row.base} data-control={row.is_control || undefined}>
              <Name row={row} />
              {row.problem === null ? (
                <>
                  {measures.map(({ name }) => (
                    <Value key={name} ranking={ranking} row={row} measure={name} axis={axis} isFirst={name === by} />
                  ))}
                  <td className={css.number} title={`${formatBytes(row.num_bytes)} in memory; ${row.num_features ?? "?"} features; images of ${row.image_size ?? "?"} pixels`}>
                    {formatParameters(row.num_parameters)}
                  </td>
                  <td className={css.number}>{row.milliseconds === null ? "–" : formatSeconds(row.milliseconds / 1000)}</td>
                  <td className={css.number}>{formatSeconds(row.seconds)}</td>
                </>
              ) : (
                <td colSpan={measures.length + 3} className={css.problem}>
                  {row.problem}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    <div>
      <Button look="ghost" aria-expanded={isAll} whyNot={known.length > measures.length || isAll ? null : "All that there are."} onClick={() => setAll(!isAll)}>
        {isAll ? "Fewer measures" : "All measures"}
      </Button>
    </div>
    </>
  );
}

function Name({ row }: { row: RankedBase }) {
  return (
    <th scope="row" title={row.base}>
      <span className={css.name}>{shortName(row.base)}</span>
      {row.is_control ? <Badge title="The same base untrained: what a base scores that learned nothing before">control</Badge> : null}
      {row.notes.map((note) => (
        <span key={note} className={css.note}>
          {note}
        </span>
      ))}
      <span className={css.use}>
        <Use row={row} />
      </span>
    </th>
  );
}

type ValueProps = { ranking: Ranking; row: RankedBase; measure: RankMeasure; axis: [number, number]; isFirst: boolean };

function Value({ ranking, row, measure, axis, isFirst }: ValueProps) {
  const value = row.scores[measure];
  const interval = row.intervals[measure];
  if (value === undefined) {
    const why = row.why_not[measure] ?? "It was not measured.";
    return (
      <td className={css.number} title={why}>
        <span aria-hidden>—</span>
        <span className="sr-only">{why}</span>
      </td>
    );
  }
  return (
    <td className={css.number} data-first={isFirst || undefined}>
      {showValue(ranking, measure, value)}
      {interval ? (
        <span className={css.under}>
          <IntervalBar
            interval={interval}
            from={axis[0]}
            to={axis[1]}
            baseline={ranking.chance}
            color={row.is_control ? "--control" : "--accent"}
            words={intervalText(ranking, measure, interval)}
          />
        </span>
      ) : null}
    </td>
  );
}

function Use({ row }: { row: RankedBase }) {
  const { node, isHere } = useHereBase(row.base);
  const whyNot = node === null ? "The flow has no backbone." : isHere ? "The flow has it." : row.problem !== null ? "It does not open." : row.is_control ? "It is the untrained control." : null;
  return (
    <Button whyNot={whyNot} onClick={() => takeBase(row.base)} aria-label={`Use ${shortName(row.base)}`}>
      {isHere ? "In the flow" : "Use this base"}
    </Button>
  );
}

function useHereBase(base: string): { node: string | null; isHere: boolean } {
  const flow = useDoc((state) => state.flow);
  const made = withBase(flow, base);
  return { node: made.node, isHere: made.node !== null && made.flow === flow };
}
