import { formatNumber } from "../../model/format";
import { barsOf, zeroAt } from "../../model/views";
import css from "./content.module.css";

type Props = { edges: readonly number[]; counts: readonly number[]; label: string; height?: number; axis?: "none" | "range" | "full" };

/** How often values fall where. */
export function Histogram({ edges, counts, label, height = 40, axis = "none" }: Props) {
  const zero = zeroAt(edges);
  return (
    <div className={css.chart}>
      <svg viewBox="0 0 100 40" preserveAspectRatio="none" height={height} width="100%" {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })}>
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
      {axis !== "none" ? (
        <div className={css.axis} aria-hidden>
          <span>{formatNumber(edges[0])}</span>
          {axis === "full" ? <span>height: square root of the count</span> : null}
          <span>{formatNumber(edges.at(-1))}</span>
        </div>
      ) : null}
    </div>
  );
}
