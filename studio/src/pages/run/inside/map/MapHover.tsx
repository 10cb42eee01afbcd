import type { EmbeddingMap } from "../../../../api/types";
import { isOwn, rowAt } from "../../../../model/embedding";
import { thumbnailUrl } from "../../../../model/thumbnails";
import { verdict } from "../../../../panels/dock/PredictionTile";
import css from "./map.module.css";

export type Hovered = { index: number; x: number; y: number };

const WIDTH = 176;
const HEIGHT = 230;
type Props = { project: string; settings: Record<string, unknown> | undefined; map: EmbeddingMap; hovered: Hovered };

/** What a point is, beside the pointer. */
export function MapHover({ project, settings, map, hovered: { index, x, y } }: Props) {
  const row = rowAt(map, index);
  const own = settingsOf(map, index, settings);
  const { said, isRight } = verdict(row);
  const isRightSide = x + WIDTH + 24 < window.innerWidth;
  return (
    <div className={css.hover} style={{ left: isRightSide ? x + 14 : x - WIDTH - 14, top: Math.max(8, Math.min(y + 14, window.innerHeight - HEIGHT)), width: WIDTH }}>
      {own ? <img src={thumbnailUrl(project, own, row, 128)} alt="" /> : null}
      <strong>{row.key}</strong>
      <span>{row.split ? `${row.split}, ` : ""}{row.label ?? "no label"}</span>
      {row.predicted === null ? null : <span>{`predicted ${said}${isRight === null ? "" : isRight ? ", right" : ", wrong"}`}</span>}
    </div>
  );
}

/** Return the settings by which a point's image is found: the run's, or of the source that is shown beside it. */
export function settingsOf(map: EmbeddingMap, index: number, settings: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  if (isOwn(map, index)) return settings;
  return { source: map.domains[map.points.domain[index] ?? 0]?.source ?? "" };
}
