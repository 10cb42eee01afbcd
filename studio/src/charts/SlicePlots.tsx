import { Table2 } from "lucide-react";
import { useId, useState } from "react";

import type { Search, SearchDimension, SearchRound } from "../api/types";
import { IconButton } from "../kit/Button";
import table from "../kit/table.module.css";
import { type Slice, sliceOf, slicesOf } from "../model/slices";
import { endsOf, markOf, scored, settingWords } from "../model/tuning";
import charts from "./charts.module.css";
import css from "./slices.module.css";

type Props = { search: Search; title: string; picked: number | null; show: (score: number) => string; onPick: (round: number) => void };

const WIDTH = 220;
const HEIGHT = 144;
const BOX = { left: 44, right: WIDTH - 10, top: 24, bottom: HEIGHT - 20 };

/** The score against each searched setting, a small chart each; as one table too. */
export function SlicePlots({ search, title, picked, show, onPick }: Props) {
  const id = useId();
  const [isTable, setTable] = useState(false);
  const slices = slicesOf(search);
  const empty = slices.length ? null : "No round is scored yet.";
  return (
    <figure className={css.figure} aria-labelledby={id}>
      <figcaption className={charts.head}>
        <span id={id} className={charts.title}>{title}</span>
        <IconButton label={isTable ? "View slices as charts" : "View slices as table"} aria-pressed={isTable} whyNot={empty} onClick={() => setTable(!isTable)}>
          <Table2 size={14} />
        </IconButton>
      </figcaption>
      {empty ? <p className={charts.empty}>{empty}</p> : isTable ? <Numbers search={search} show={show} /> : (
        <div className={css.plots}>
          {slices.map((slice) => (
            <Plot key={slice.dimension.name} slice={slice} search={search} picked={picked} show={show} onPick={onPick} />
          ))}
        </div>
      )}
    </figure>
  );
}

type PlotProps = { slice: Slice; search: Search; picked: number | null; show: (score: number) => string; onPick: (round: number) => void };

function Plot({ slice, search, picked, show, onPick }: PlotProps) {
  const { low, high } = scored(search);
  const name = slice.dimension.name.replaceAll("_", " ");
  const [first, last] = endsOf(slice.dimension);
  const x = (share: number) => BOX.left + 6 + share * (BOX.right - BOX.left - 12);
  const y = (share: number) => BOX.bottom - 4 - share * (BOX.bottom - BOX.top - 8);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={css.plot} role="img" aria-label={`Score against ${name}: ${slice.points.length} rounds. View slices as table for the numbers.`}>
      <text x={BOX.left} y={14} textAnchor="start" className={css.name}>{name}</text>
      <text x={BOX.left} y={HEIGHT - 6} textAnchor="start">{first}</text>
      <text x={BOX.right} y={HEIGHT - 6} textAnchor="end">{last}</text>
      <text x={BOX.left - 5} y={BOX.top + 8} textAnchor="end">{show(high)}</text>
      <text x={BOX.left - 5} y={BOX.bottom} textAnchor="end">{show(low)}</text>
      <path d={`M${BOX.left} ${BOX.top}V${BOX.bottom}H${BOX.right}`} className={css.axis} />
      {slice.points.map(({ round, along, up }) => (
        <circle
          key={round.number}
          cx={x(along)}
          cy={y(up)}
          r={round.number === picked ? 5 : 3.5}
          className={css.dot}
          data-mark={markOf(search, round)}
          data-picked={round.number === picked || undefined}
          onClick={() => onPick(round.number)}
        >
          <title>{`Round ${round.number + 1}: ${show(round.score?.value ?? 0)} at ${name} ${settingWords(round.settings[slice.dimension.name])}`}</title>
        </circle>
      ))}
    </svg>
  );
}

function Numbers({ search, show }: { search: Search; show: (score: number) => string }) {
  const { rounds } = scored(search);
  const cell = (dimension: SearchDimension, round: SearchRound) => (sliceOf(dimension, round) === null ? "–" : settingWords(round.settings[dimension.name]));
  return (
    <div className={css.box} tabIndex={0} role="region" aria-label="Score against each setting as a table">
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Round</th>
            <th scope="col" className={table.number}>Score</th>
            {search.dimensions.map(({ name }) => <th key={name} scope="col" className={table.number}>{name.replaceAll("_", " ")}</th>)}
          </tr>
        </thead>
        <tbody>
          {rounds.map((round) => (
            <tr key={round.number}>
              <th scope="row">{round.number + 1}</th>
              <td className={table.number}>{show(round.score?.value ?? 0)}</td>
              {search.dimensions.map((dimension) => <td key={dimension.name} className={table.number}>{cell(dimension, round)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
