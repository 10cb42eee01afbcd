import type { Interval } from "../api/types";
import css from "./charts.module.css";

type Props = {
  interval: Interval;
  /** Ends of the axis. */
  from?: number;
  to?: number;
  /** What a constant answer would give. */
  baseline?: number | null;
  color?: string;
  words: string;
};

/** A value with its 95 % interval on an axis; a thin line marks the baseline. */
export function IntervalBar({ interval, from = 0, to = 1, baseline = null, color = "--accent", words }: Props) {
  const place = (value: number) => 100 * Math.min(1, Math.max(0, (value - from) / (to - from || 1)));
  const [low, high] = [place(interval.low), place(interval.high)];
  return (
    <span className={css.interval} role="img" aria-label={words} title={words}>
      <span className={css.intervalSpan} style={{ left: `${low}%`, width: `${Math.max(0.5, high - low)}%`, background: `var(${color})` }} />
      <span className={css.intervalDot} style={{ left: `${place(interval.value)}%`, background: `var(${color})` }} />
      {baseline !== null && Number.isFinite(baseline) ? <span className={css.intervalBase} style={{ left: `${place(baseline)}%` }} /> : null}
    </span>
  );
}
