import { formatNumber } from "../model/format";
import css from "./charts.module.css";

/** Counts over equal stretches from `low` to `high`. */
export function Histogram({ title, counts, low, high, color = "--accent" }: { title: string; counts: readonly number[]; low: number; high: number; color?: string }) {
  const top = Math.max(1, ...counts);
  return (
    <figure className={css.histogram}>
      <svg viewBox={`0 0 ${counts.length} 40`} preserveAspectRatio="none" role="img" aria-label={`${title}: from ${formatNumber(low)} to ${formatNumber(high)}`}>
        {counts.map((count, index) => (
          <rect key={index} x={index + 0.08} width={0.84} y={40 - (40 * count) / top} height={(40 * count) / top} fill={`var(${color})`} />
        ))}
      </svg>
      <figcaption className={css.ends}>
        <span>{formatNumber(low)}</span>
        <span>{title}</span>
        <span>{formatNumber(high)}</span>
      </figcaption>
    </figure>
  );
}
