import { formatNumber } from "../../model/format";
import { barsOf, zeroAt } from "../../model/views";
import css from "./content.module.css";

type Props = { edges: readonly number[]; counts: readonly number[]; label: string; height?: number; hasAxis?: boolean };

/** How often values fall where. */
export function Histogram({ edges, counts, label, height = 40, hasAxis = false }: Props) {
  const zero = zeroAt(edges);
  return (
    <div className={css.chart}>
      <svg viewBox="0 0 100 40" preserveAspectRatio="none" height={height} width="100%" role="img" aria-label={label}>
        {barsOf(counts).map((bar) => (
          <rect
            key={bar.x}
            x={bar.x * 100 + 0.3}
            width={Math.max(0.4, bar.width * 100 - 0.6)}
            y={40 - bar.height * 40}
            height={bar.height * 40}
            className={css.histogramBar}
          />
        ))}
        {zero === null ? null : <line x1={zero * 100} x2={zero * 100} y1={0} y2={40} className={css.zero} />}
      </svg>
      {hasAxis ? (
        <div className={css.axis} aria-hidden>
          <span>{formatNumber(edges[0])}</span>
          <span>height: square root of the count</span>
          <span>{formatNumber(edges.at(-1))}</span>
        </div>
      ) : null}
    </div>
  );
}
