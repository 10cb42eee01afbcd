import { formatExact, formatNumber } from "../model/format";
import css from "./charts.module.css";

type Layer = { name: string; color: string; counts: readonly number[]; isHatched?: boolean };
type Props = { title: string; low: number; high: number; xWords: string; layers: readonly Layer[] };

const WIDTH = 400;
const HEIGHT = 150;

/** Counts over equal stretches, one kind on top of the other. */
export function StackedHistogram({ title, low, high, xWords, layers }: Props) {
  const num = layers[0]?.counts.length ?? 0;
  const totals = Array.from({ length: num }, (_, i) => layers.reduce((sum, layer) => sum + (layer.counts[i] ?? 0), 0));
  const top = Math.max(1, ...totals);
  const bar = WIDTH / Math.max(1, num);
  const height = (count: number) => (HEIGHT * count) / top;
  const sum = (layer: Layer) => layer.counts.reduce((total, count) => total + count, 0);
  return (
    <figure className={css.histogram}>
      <svg className={css.stacked} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${title}: ${layers.map((layer) => `${formatExact(sum(layer))} ${layer.name}`).join(", ")}`}>
        {layers.map((layer, index) =>
          layer.counts.map((count, i) => {
            const below = layers.slice(0, index).reduce((total, one) => total + (one.counts[i] ?? 0), 0);
            const from = low + ((high - low) * i) / num;
            return count ? (
              <rect key={`${layer.name}-${i}`} x={i * bar + 1} width={bar - 2} y={HEIGHT - height(below + count)} height={height(count)} fill={`var(${layer.color})`}>
                <title>{`${formatNumber(from)} to ${formatNumber(from + (high - low) / num)}: ${formatExact(count)} ${layer.name}`}</title>
              </rect>
            ) : null;
          }),
        )}
      </svg>
      <figcaption className={css.ends}>
        <span>{formatNumber(low)}</span>
        <span>{xWords}</span>
        <span>{formatNumber(high)}</span>
      </figcaption>
      <ul className={css.unitNames}>
        {layers.map((layer) => (
          <li key={layer.name}>
            <svg width={12} height={10} aria-hidden>
              <rect width={12} height={10} fill={`var(${layer.color})`} />
            </svg>
            {formatExact(sum(layer))} {layer.name}
          </li>
        ))}
      </ul>
    </figure>
  );
}
