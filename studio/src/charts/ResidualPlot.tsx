import { formatNumber } from "../model/format";
import css from "./charts.module.css";

type Props = { name: string; predicted: readonly number[]; residual: readonly number[] };

const WIDTH = 420;
const HEIGHT = 240;
const LEFT = 56;
const BOTTOM = 36;

/** How far each prediction lies from the truth, along what was predicted; the line is no error. */
export function ResidualPlot({ name, predicted, residual }: Props) {
  const [low, high] = [Math.min(...predicted), Math.max(...predicted)];
  const most = Math.max(1e-12, ...residual.map(Math.abs));
  const x = (value: number) => LEFT + ((WIDTH - LEFT - 10) * (value - low)) / (high - low || 1);
  const y = (value: number) => 8 + ((HEIGHT - BOTTOM - 8) * (most - value)) / (2 * most);
  return (
    <svg className={css.unitPlot} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${name}: predicted minus true, from ${formatNumber(Math.min(...residual))} to ${formatNumber(Math.max(...residual))}`}>
      <g className={css.axes}>
        {[most, 0, -most].map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={WIDTH - 10} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
              {formatNumber(tick)}
            </text>
          </g>
        ))}
        {[low, high].map((tick, index) => (
          <text key={index} x={x(tick)} y={HEIGHT - BOTTOM + 16} textAnchor={index ? "end" : "start"}>
            {formatNumber(tick)}
          </text>
        ))}
        <text x={(LEFT + WIDTH) / 2} y={HEIGHT - 4} textAnchor="middle">
          Predicted {name}
        </text>
      </g>
      <line x1={LEFT} x2={WIDTH - 10} y1={y(0)} y2={y(0)} className={css.diagonal} />
      {predicted.map((value, index) => (
        <circle key={index} cx={x(value)} cy={y(residual[index] ?? 0)} r={2.5} fill="var(--accent)" opacity={0.6} />
      ))}
    </svg>
  );
}
