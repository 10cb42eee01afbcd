import { useId } from "react";

import type { Search, SearchRound } from "../api/types";
import { endsOf, markOf, scored, shareOn } from "../model/tuning";
import charts from "./charts.module.css";
import css from "./parallel.module.css";

type Props = { search: Search; title: string; picked: number | null; show: (score: number) => string };

const WIDTH = 760;
const HEIGHT = 230;
const TOP = 26;
const BOTTOM = HEIGHT - 20;
const SIDE = 52;

/** Each scored round as a line over the axes of what was searched; the last axis is its score. The table of rounds is its twin. */
export function ParallelRounds({ search, title, picked, show }: Props) {
  const id = useId();
  const { rounds, low, high } = scored(search);
  const count = search.dimensions.length;
  const at = (index: number) => SIDE + (index * (WIDTH - 2 * SIDE)) / Math.max(1, count);
  const up = (share: number) => BOTTOM - share * (BOTTOM - TOP);
  const pathOf = (round: SearchRound) => {
    const places = search.dimensions.map((dimension, index) => [at(index), shareOn(dimension, round)] as const);
    const score = round.score ? (round.score.value - low) / (high - low) : null;
    const there = [...places, [at(count), score] as const].filter((place): place is readonly [number, number] => place[1] !== null);
    return there.map(([x, share], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${up(share).toFixed(1)}`).join("");
  };
  const last = (round: SearchRound) => (round.number === picked ? 3 : markOf(search, round) === "take" ? 2 : markOf(search, round) === "front" ? 1 : 0);
  const ordered = [...rounds].sort((a, b) => last(a) - last(b));
  return (
    <figure className={css.figure} aria-labelledby={id}>
      <figcaption className={charts.head}>
        <span id={id} className={charts.title}>{title}</span>
        <ul className={charts.legend}>
          <li><Sample mark="take" /> To take</li>
          <li><Sample mark="front" /> On the front</li>
          <li><Sample mark="plain" /> Others</li>
        </ul>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={css.drawing} role="img" aria-label={`${title}. The table of rounds below has the numbers.`}>
        {search.dimensions.map((dimension, index) => (
          <Axis key={dimension.name} x={at(index)} name={dimension.name.replaceAll("_", " ")} ends={endsOf(dimension)} />
        ))}
        <Axis x={at(count)} name={(search.score_name ?? "score").replaceAll("_", " ")} ends={[show(low), show(high)]} />
        {ordered.map((round) => (
          <path key={round.number} d={pathOf(round)} className={css.round} data-mark={markOf(search, round)} data-picked={round.number === picked || undefined} />
        ))}
      </svg>
    </figure>
  );
}

function Axis({ x, name, ends }: { x: number; name: string; ends: [string, string] }) {
  return (
    <g>
      <line x1={x} x2={x} y1={TOP} y2={BOTTOM} className={css.axis} />
      <text x={x} y={10} textAnchor="middle" className={css.name}>{name}</text>
      <text x={x} y={TOP - 4} textAnchor="middle">{ends[1]}</text>
      <text x={x} y={BOTTOM + 14} textAnchor="middle">{ends[0]}</text>
    </g>
  );
}

function Sample({ mark }: { mark: string }) {
  return (
    <svg width={20} height={8} aria-hidden>
      <line x1={1} x2={19} y1={4} y2={4} className={css.round} data-mark={mark} />
    </svg>
  );
}
