import { useEffect, useId, useRef, useState } from "react";

import type { Interval } from "../api/types";
import css from "./stages.module.css";

export type StageLine = {
  key: string;
  label: string;
  /** Token of its color. */
  color: string;
  dash?: string;
  /** One for each stage; null where there is no value. */
  points: readonly (Interval | null)[];
};

type Props = {
  title: string;
  stages: readonly string[];
  lines: readonly StageLine[];
  range: readonly [number, number];
  /** What a guess gives; null: no line. */
  baseline: number | null;
  marks: readonly { index: number; text: string; color: string }[];
  show: (value: number) => string;
};

const HEIGHT = 320;
const ROOM = { top: 34, right: 18, bottom: 74, left: 58 };

/** Values from stage to stage, each with a band for its 95 % interval; places are marked by upright lines. */
export function StageCurve({ title, stages, lines, range, baseline, marks, show }: Props) {
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box);
  const id = useId();
  const inner = { width: Math.max(60, width - ROOM.left - ROOM.right), height: HEIGHT - ROOM.top - ROOM.bottom };
  const x = (index: number) => ROOM.left + (stages.length > 1 ? (inner.width * index) / (stages.length - 1) : inner.width / 2);
  const y = (value: number) => ROOM.top + inner.height * (1 - (clamp(value, range) - range[0]) / (range[1] - range[0]));
  const every = Math.max(1, Math.ceil((stages.length * 15) / inner.width));
  return (
    <figure ref={box} className={css.figure} aria-labelledby={id}>
      <figcaption className={css.head}>
        <span id={id} className={css.title}>
          {title}
        </span>
        <ul className={css.legend}>
          {lines.map((line) => (
            <li key={line.key}>
              <svg width={22} height={8} aria-hidden>
                <line x1={1} x2={21} y1={4} y2={4} stroke={`var(${line.color})`} strokeWidth={2} strokeDasharray={line.dash} />
              </svg>
              {line.label}
            </li>
          ))}
          {baseline === null ? null : (
            <li>
              <svg width={22} height={8} aria-hidden>
                <line x1={1} x2={21} y1={4} y2={4} stroke="var(--text3)" strokeWidth={2} strokeDasharray="1 3" />
              </svg>
              a guess
            </li>
          )}
        </ul>
      </figcaption>
      <svg width={width} height={HEIGHT} role="img" aria-label={`${title}: chart. The table below has the numbers.`} className={css.canvas}>
        {ticksOf(range).map((tick) => (
          <g key={tick}>
            <line x1={ROOM.left} x2={ROOM.left + inner.width} y1={y(tick)} y2={y(tick)} className={css.grid} />
            <text x={ROOM.left - 8} y={y(tick) + 4} textAnchor="end">
              {show(tick)}
            </text>
          </g>
        ))}
        {baseline === null ? null : <line x1={ROOM.left} x2={ROOM.left + inner.width} y1={y(baseline)} y2={y(baseline)} className={css.guess} />}
        {stages.map((stage, index) =>
          index % every === 0 || marks.some((mark) => mark.index === index) ? (
            <text key={stage} transform={`translate(${x(index) + 4} ${HEIGHT - ROOM.bottom + 16}) rotate(-40)`} textAnchor="end">
              {stage.length > 14 ? `…${stage.slice(-13)}` : stage}
            </text>
          ) : null,
        )}
        {marks.map((mark, row) => (
          <g key={mark.text} style={{ color: `var(${mark.color})` }}>
            <line x1={x(mark.index)} x2={x(mark.index)} y1={ROOM.top - 4 - 12 * (marks.length - 1 - row)} y2={ROOM.top + inner.height} className={css.mark} />
            <text x={x(mark.index) + (mark.index > stages.length / 2 ? -6 : 6)} y={ROOM.top - 6 - 13 * (marks.length - 1 - row)} textAnchor={mark.index > stages.length / 2 ? "end" : "start"} className={css.markText}>
              {mark.text}
            </text>
          </g>
        ))}
        {lines.map((line) => (
          <g key={line.key}>
            {stretches(line.points).map((stretch) => (
              <Stretch key={stretch[0]?.index} stretch={stretch} line={line} x={x} y={y} />
            ))}
            {line.points.map((point, index) =>
              point ? (
                <circle key={stages[index]} cx={x(index)} cy={y(point.value)} r={3.5} fill={`var(${line.color})`}>
                  <title>{`${stages[index] ?? ""}, ${line.label}: ${show(point.value)} (${show(point.low)} to ${show(point.high)})`}</title>
                </circle>
              ) : null,
            )}
          </g>
        ))}
      </svg>
    </figure>
  );
}

type Placed = { index: number; point: Interval };
type Scale = (value: number) => number;

function Stretch({ stretch, line, x, y }: { stretch: readonly Placed[]; line: StageLine; x: Scale; y: Scale }) {
  const along = (read: (point: Interval) => number) => stretch.map(({ index, point }) => `${x(index)},${y(read(point))}`);
  const band = [...along((point) => point.high), ...along((point) => point.low).reverse()].join(" ");
  return (
    <>
      <polygon points={band} fill={`var(${line.color})`} className={css.band} />
      <polyline points={along((point) => point.value).join(" ")} fill="none" stroke={`var(${line.color})`} strokeWidth={2} strokeDasharray={line.dash} />
    </>
  );
}

/** Split points at the gaps. */
function stretches(points: readonly (Interval | null)[]): Placed[][] {
  const found: Placed[][] = [[]];
  points.forEach((point, index) => {
    if (point) found.at(-1)?.push({ index, point });
    else found.push([]);
  });
  return found.filter((stretch) => stretch.length > 0);
}

const clamp = (value: number, [low, high]: readonly [number, number]): number => Math.min(high, Math.max(low, value));

function ticksOf([low, high]: readonly [number, number]): number[] {
  const step = high - low > 0.65 ? 0.2 : 0.1;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, index) => Number(((first + index) * step).toFixed(2)));
}

function useWidth(box: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(800);
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [box]);
  return width;
}
