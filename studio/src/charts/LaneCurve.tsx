import type { LaneState } from "../api/types";
import { lanePaths } from "../model/race";
import css from "./race.module.css";

type Props = { lane: LaneState; epochs: number; range: readonly [number, number]; rungs: readonly number[]; label: string };

const WIDTH = 240;
const HEIGHT = 34;

/** Validation scores of a lane by epoch, a line for each seed; rungs are upright lines. */
export function LaneCurve({ lane, epochs, range, rungs, label }: Props) {
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" className={css.lane} data-status={lane.status} role="img" aria-label={label}>
      <line x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
      {rungs.map((rung) => (
        <line key={rung} x1={(WIDTH * rung) / Math.max(1, epochs)} x2={(WIDTH * rung) / Math.max(1, epochs)} y1={0} y2={HEIGHT} />
      ))}
      {lanePaths(lane, epochs, range, WIDTH, HEIGHT).map((path, seed) => (
        <path key={seed} d={path} />
      ))}
    </svg>
  );
}
