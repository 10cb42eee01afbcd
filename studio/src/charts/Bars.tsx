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

/** Named bars from zero; each says its number. */
export function Bars({ title, bars, most, empty }: { title: string; bars: readonly Bar[]; most?: number; empty?: string }) {
  const top = most ?? Math.max(0, ...bars.map((bar) => bar.value));
  if (bars.length === 0 && empty) return <p className={css.empty}>{empty}</p>;
  return (
    <ul className={css.bars} aria-label={title}>
      {bars.map((bar) => (
        <li key={bar.key} className={css.bar}>
          <span className={css.barLabel}>{bar.label}</span>
          <span className={css.barTrack} aria-hidden>
            <span
              className={css.barFill}
              style={{ width: `${share(bar.value, top)}%`, background: `var(${bar.color ?? "--accent"})` }}
            />
            {typeof bar.mark === "number" ? <span className={css.barMark} style={{ left: `${share(bar.mark, top)}%` }} /> : null}
          </span>
          <span className={css.barText}>{bar.text}</span>
        </li>
      ))}
    </ul>
  );
}

const share = (value: number, top: number): number => (top > 0 ? Math.min(100, Math.max(0, (100 * value) / top)) : 0);
