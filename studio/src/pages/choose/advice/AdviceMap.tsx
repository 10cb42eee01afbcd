import { useId } from "react";

import type { Advice } from "../../../api/types";
import { CORNERS, placeOfSize, sizeTicks, strategyWords } from "../../../model/advice";
import { formatCount } from "../../../model/format";
import css from "./advice.module.css";

const SIDE = { width: 460, height: 330 };
const ROOM = { top: 12, right: 14, bottom: 46, left: 40 };

/** The map of size and similarity: four quadrants with their strategies, the data a dot. The signals below are its table. */
export function AdviceMap({ advice }: { advice: Advice }) {
  const id = useId();
  const inner = { width: SIDE.width - ROOM.left - ROOM.right, height: SIDE.height - ROOM.top - ROOM.bottom };
  const x = (share: number) => ROOM.left + share * inner.width;
  const y = (share: number) => ROOM.top + (1 - share) * inner.height;
  const [across, up] = advice.place as [number, number];
  const shares = advice.signals.flatMap((signal) => (signal.similarity === null ? [] : [onAxis(signal.similarity, advice.similar_from)]));
  const words =
    `${advice.size.per_class_median} images per class, similarity ${up.toFixed(2)} on an axis whose border lies at 0.5: ` +
    `the quadrant of ${strategyWords(advice.table[advice.quadrant] ?? advice.strategy)}.`;
  return (
    <figure className={css.map} aria-labelledby={id}>
      <figcaption id={id}>Where your data lies</figcaption>
      <svg viewBox={`0 0 ${SIDE.width} ${SIDE.height}`} role="img" aria-label={words}>
        {CORNERS.map((corner) => {
          const isHere = corner.quadrant === advice.quadrant;
          return (
            <g key={corner.quadrant} data-here={isHere || undefined} className={css.corner}>
              <rect x={x(corner.x / 2)} y={y((corner.y + 1) / 2)} width={inner.width / 2} height={inner.height / 2} />
              <text x={x(corner.x / 2) + 10} y={y((corner.y + 1) / 2) + 20} className={css.strategy}>
                {strategyWords(advice.table[corner.quadrant] ?? "")}
              </text>
              <text x={x(corner.x / 2) + 10} y={y((corner.y + 1) / 2) + 36} className={css.small}>
                {corner.size}, {corner.similarity}
              </text>
            </g>
          );
        })}
        {sizeTicks(advice.large_from).map((tick) => (
          <g key={tick}>
            <line x1={x(placeOfSize(tick, advice.large_from))} x2={x(placeOfSize(tick, advice.large_from))} y1={y(0)} y2={y(0) + 4} className={css.tick} />
            <text x={x(placeOfSize(tick, advice.large_from))} y={y(0) + 17} textAnchor="middle" className={css.small}>
              {formatCount(tick)}
            </text>
          </g>
        ))}
        <text x={x(0.5)} y={SIDE.height - 8} textAnchor="middle" className={css.axis}>
          images per class (median, without copies)
        </text>
        <text x={14} y={y(0.5)} textAnchor="middle" className={css.axis} transform={`rotate(-90 14 ${y(0.5)})`}>
          similarity to the base’s data
        </text>
        {shares.length > 1 ? <line x1={x(across)} x2={x(across)} y1={y(Math.min(...shares))} y2={y(Math.max(...shares))} className={css.spread} /> : null}
        <circle cx={x(across)} cy={y(up)} r={7} className={css.dot} />
      </svg>
      <p className={css.quiet}>The upright line spans what the single signals say.</p>
    </figure>
  );
}

/** Where a signal's similarity lies on the map's axis, whose border is in the middle. */
function onAxis(similarity: number, border: number): number {
  return similarity < border ? (0.5 * similarity) / border : 0.5 + (0.5 * (similarity - border)) / Math.max(1 - border, 1e-9);
}
