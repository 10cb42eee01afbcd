import { useMemo, useState } from "react";

import type { Ranking, RankMeasure } from "../../api/types";
import { Scatter } from "../../charts/Scatter";
import { formatParameters, formatSeconds } from "../../model/format";
import { orderedBy, shortName, showValue, wordsOf } from "../../model/ranking";
import css from "./bases.module.css";

const PALETTE = [{ token: "--accent" }, { token: "--control" }];

/** What a base scores against what an image costs to pass. */
export function CostScatter({ ranking, by }: { ranking: Ranking; by: RankMeasure }) {
  const rows = useMemo(
    () => orderedBy(ranking, by).filter((row) => row.problem === null && row.milliseconds !== null && row.scores[by] !== undefined),
    [ranking, by],
  );
  const x = useMemo(() => Float32Array.from(rows, (row) => row.milliseconds ?? 0), [rows]);
  const y = useMemo(() => Float32Array.from(rows, (row) => row.scores[by] ?? 0), [rows, by]);
  const color = useMemo(() => Uint8Array.from(rows, (row) => (row.is_control ? 1 : 0)), [rows]);
  const extent = useMemo(() => around(x, y), [x, y]);
  const names = useMemo(() => rows.map((row) => shortName(row.base)), [rows]);
  const [near, setNear] = useState<number | null>(null);
  const over = near === null ? undefined : rows[near];
  const facts = [{ title: "Parameters", of: (index: number) => formatParameters(rows[index]?.num_parameters) }];
  const first = rows.findIndex((row) => !row.is_control);
  return (
    <div className={css.scatter}>
      <Scatter
        label={`${wordsOf(ranking, by)} by cost`}
        x={x}
        y={y}
        color={color}
        palette={PALETTE}
        extent={extent}
        names={names}
        facts={facts}
        axes={{ x: "milliseconds for an image", y: wordsOf(ranking, by) }}
        rings={first >= 0 ? [first] : []}
        onHover={setNear}
        empty="No base has both numbers."
      />
      <p className={css.quiet} aria-live="polite">
        {over
          ? `${shortName(over.base)}: ${showValue(ranking, by, over.scores[by] ?? 0)}, ${formatSeconds((over.milliseconds ?? 0) / 1000)} for an image, ${formatParameters(over.num_parameters)} parameters`
          : "Up and left is better. The ring is around the first one; the gray dot is the untrained control. Point at a dot for its name."}
      </p>
    </div>
  );
}

/** A window with room around few points, also where they are one. */
function around(x: Float32Array, y: Float32Array): { x0: number; x1: number; y0: number; y1: number } {
  const top = Math.max(1, ...x) * 1.15;
  const [low, high] = [Math.min(...y, Infinity), Math.max(...y, -Infinity)];
  if (!Number.isFinite(low)) return { x0: 0, x1: 1, y0: 0, y1: 1 };
  const room = Math.max(0.05, (high - low) * 0.15);
  return { x0: 0, x1: top, y0: low - room, y1: high + room };
}
