import { memo, useCallback, useState } from "react";

import type { PredictionRow } from "../../api/types";
import { Button } from "../../kit/Button";
import { formatExact, formatNumber } from "../../model/format";
import { sideFor, thumbnailUrl } from "../../model/thumbnails";
import css from "./numbers.module.css";
import { PredictionDetail } from "./PredictionDetail";

const MOST_TILES = 60;
type Settings = Record<string, unknown> | undefined;
type Props = { project: string; run: string; settings: Settings; rows: readonly PredictionRow[]; name: string };

/** The images in the loop, the furthest off first; more of them after a click. */
export function NumbersPicked({ project, run, settings, rows, name }: Props) {
  const [shown, setShown] = useState<PredictionRow | null>(null);
  const [most, setMost] = useState<{ of: unknown; count: number }>({ of: null, count: MOST_TILES });
  const open = useCallback((row: PredictionRow) => setShown(row), []);
  if (rows.length === 0) return <p className={css.hint}>Hold Shift and draw a loop around points to list their images.</p>;
  const count = most.of === rows ? most.count : MOST_TILES;
  const at = shown ? rows.indexOf(shown) : -1;
  const step = (by: number) => setShown(rows[Math.min(rows.length - 1, Math.max(0, at + by))] ?? null);
  return (
    <div className={css.picked}>
      <h3>
        {formatExact(rows.length)} {rows.length === 1 ? "image" : "images"}, <span className={css.quiet}>the furthest off first</span>
      </h3>
      <ul className={css.tiles}>
        {rows.slice(0, count).map((row) => (
          <Tile key={row.key} project={project} settings={settings} row={row} name={name} onOpen={open} />
        ))}
      </ul>
      {rows.length > count ? (
        <Button className={css.more} onClick={() => setMost({ of: rows, count: count + 2 * MOST_TILES })}>
          Show more: {formatExact(rows.length - count)} are left
        </Button>
      ) : null}
      {at >= 0 && shown ? (
        <PredictionDetail project={project} run={run} settings={settings} row={shown} place={`${at + 1} of ${rows.length}`} onStep={step} onClose={() => setShown(null)} />
      ) : null}
    </div>
  );
}

type TileProps = { project: string; settings: Settings; row: PredictionRow; name: string; onOpen: (row: PredictionRow) => void };

const Tile = memo(function Tile({ project, settings, row, name, onOpen }: TileProps) {
  const [isGone, setGone] = useState(false);
  const words = `true ${formatNumber(row.label_values[name])}, predicted ${formatNumber(row.values[name])}`;
  return (
    <li>
      <button type="button" className={css.tile} aria-label={`${row.key}: ${words}. Open.`} title={row.key} onClick={() => onOpen(row)}>
        {settings && !isGone ? (
          <img src={thumbnailUrl(project, settings, row, sideFor(108, devicePixelRatio))} alt="" loading="lazy" onError={() => setGone(true)} />
        ) : (
          <span className={css.noPicture}>{isGone ? "The image is not there any more" : ""}</span>
        )}
        <span>true {formatNumber(row.label_values[name])}</span>
        <span>predicted {formatNumber(row.values[name])}</span>
      </button>
    </li>
  );
});
