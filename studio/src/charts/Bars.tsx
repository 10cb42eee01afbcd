import type { ReactNode } from "react";

import css from "./charts.module.css";

export type Bar = {
  key: string;
  label: ReactNode;
  value: number;
  /** Token of its color. */
  color?: string;
  text: string;
  /** A second, fainter mark, such as what came before. */
  mark?: number | null;
};

type Props = { title: string; bars: readonly Bar[]; most?: number; empty?: string; isLog?: boolean };

/** Named bars, from zero or on a logarithmic scale; each says its number. */
export function Bars({ title, bars, most, empty, isLog = false }: Props) {
  const values = bars.map((bar) => bar.value).filter((value) => value > 0);
  const top = most ?? Math.max(0, ...values);
  const share = (value: number) => (isLog ? logShare(value, Math.min(...values), top) : plainShare(value, top));
  if (bars.length === 0 && empty) return <p className={css.empty}>{empty}</p>;
  return (
    <ul className={css.bars} aria-label={title}>
      {bars.map((bar) => (
        <li key={bar.key} className={css.bar}>
          <span className={css.barLabel}>{bar.label}</span>
          <span className={css.barTrack} aria-hidden>
            <span
              className={css.barFill}
              style={{ width: `${share(bar.value)}%`, background: `var(${bar.color ?? "--accent"})` }}
            />
            {typeof bar.mark === "number" ? <span className={css.barMark} style={{ left: `${share(bar.mark)}%` }} /> : null}
          </span>
          <span className={css.barText}>{bar.text}</span>
        </li>
      ))}
    </ul>
  );
}

const plainShare = (value: number, top: number): number =>
  top > 0 ? Math.min(100, Math.max(0, (100 * value) / top)) : 0;

/** The smallest value still gets a bar: the axis begins a factor of three below it. */
function logShare(value: number, low: number, top: number): number {
  if (value <= 0 || !Number.isFinite(low)) return 0;
  const from = Math.log(low / 3);
  return (100 * (Math.log(value) - from)) / (Math.log(top) - from);
}
