import { Check, X } from "lucide-react";
import { memo, useState } from "react";

import type { PredictionRow } from "../../api/types";
import { formatNumber, formatPercent } from "../../model/format";
import { sideFor, thumbnailUrl } from "../../model/thumbnails";
import css from "./results.module.css";

type Props = {
  project: string;
  settings: Record<string, unknown> | undefined;
  row: PredictionRow;
  index: number;
  isChosen: boolean;
  /** Without it the tile has no box. */
  onChoose: ((index: number, isRange: boolean) => void) | undefined;
  onOpen: (index: number) => void;
};

/** Return what the run said of an image, and whether it was right. */
export function verdict(row: PredictionRow): { said: string; isRight: boolean | null } {
  if (row.predicted !== null) {
    const share = row.probability === null ? "" : ` ${formatPercent(row.probability, 0)}`;
    return { said: `${row.predicted || "no tag"}${share}`, isRight: row.label === null ? null : row.predicted === row.label };
  }
  const values = Object.entries(row.values);
  return { said: values.map(([name, value]) => `${name} ${formatNumber(value)}`).join(", "), isRight: null };
}

/** Return what an image really is. */
export function truth(row: PredictionRow): string {
  if (row.label !== null) return row.label || "no tag";
  return Object.entries(row.label_values)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join(", ");
}

/** One image with what was said of it. A click opens it; the box chooses it. */
export const PredictionTile = memo(function PredictionTile({ project, settings, row, index, isChosen, onChoose, onOpen }: Props) {
  const [isGone, setGone] = useState(false);
  const { said, isRight } = verdict(row);
  const words = `${row.key}: label ${truth(row)}, predicted ${said}`;
  return (
    <div className={css.tile} data-chosen={isChosen || undefined}>
      {onChoose ? (
        <input
          type="checkbox"
          className={css.tileCheck}
          aria-label={`Choose ${row.key}`}
          checked={isChosen}
          onChange={(event) => onChoose(index, (event.nativeEvent as MouseEvent).shiftKey === true)}
        />
      ) : null}
      <button type="button" className={css.tileButton} title={words} onClick={() => onOpen(index)}>
        <span className="sr-only">{`${words}. Open.`}</span>
        {settings && !isGone ? (
          <img src={thumbnailUrl(project, settings, row, sideFor(108, devicePixelRatio))} alt="" loading="lazy" onError={() => setGone(true)} />
        ) : (
          <span className={css.noPicture}>{isGone ? "The image is not there any more" : ""}</span>
        )}
        <span className={css.said}>
          {isRight === null ? null : isRight ? (
            <Check size={12} className={css.ok} aria-label="right" />
          ) : (
            <X size={12} className={css.bad} aria-label="wrong" />
          )}
          {said}
        </span>
        <span className={css.truth}>{isRight ? row.key.split("/").pop() : isRight === false ? `label: ${truth(row)}` : truth(row)}</span>
      </button>
    </div>
  );
});
