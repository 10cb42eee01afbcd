import type { UseQueryResult } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";

import type { EmbeddingMap, NeighborList, RunView } from "../../../../api/types";
import { Button } from "../../../../kit/Button";
import { Busy } from "../../../../kit/small";
import { isOwn, placesByKey, rowAt, type Weights } from "../../../../model/embedding";
import { thumbnailUrl } from "../../../../model/thumbnails";
import { CorrectionBar } from "../../../../panels/dock/CorrectionBar";
import { verdict } from "../../../../panels/dock/PredictionTile";
import { RefusalNotice } from "../../../../panels/RefusalNotice";
import { NeighborStrip } from "../../NeighborStrip";
import css from "./map.module.css";
import { settingsOf } from "./MapHover";

type Props = {
  project: string;
  view: RunView;
  map: EmbeddingMap;
  weights: Weights;
  settings: Record<string, unknown> | undefined;
  classes: readonly string[];
  index: number;
  near: UseQueryResult<NeighborList> | null;
  onPick: (index: number | null) => void;
  onBack: () => void;
};

/** One image of the map, what the run said of it, and the training images that it lies nearest to. */
export function MapImage({ project, view, map, weights, settings, classes, index, near, onPick, onBack }: Props) {
  const row = rowAt(map, index);
  const own = settingsOf(map, index, settings);
  const { said, isRight } = verdict(row);
  return (
    <article className={css.image} aria-label={row.key}>
      <header>
        <Button look="ghost" onClick={onBack}>
          <ArrowLeft size={14} aria-hidden /> Back
        </Button>
        <h3 title={row.key}>{row.key}</h3>
      </header>
      {own ? <img key={row.key} className={css.large} src={thumbnailUrl(project, own, row, 512)} alt={`${row.key}, label ${row.label ?? "none"}`} /> : null}
      <dl className={css.facts}>
        <dt>Source</dt>
        <dd>
          {map.domains[map.points.domain[index] ?? 0]?.name}
          {row.split ? `, ${row.split} image` : ""}
        </dd>
        <dt>Label</dt>
        <dd>{row.label ?? "none"}</dd>
        <dt>Predicted</dt>
        <dd>{row.predicted === null ? "Runs keep predictions of validation and test images." : `${said}${isRight === null ? "" : isRight ? " (right)" : " (wrong)"}`}</dd>
      </dl>
      {isOwn(map, index) ? (
        <CorrectionBar project={project} card={view.card} classes={classes} rows={[row]} all={[row]} total={1} onChoose={() => undefined} isOne />
      ) : null}
      <h3>Nearest training images, {weights} weights</h3>
      {near === null ? (
        <p className={css.quiet}>Neighbors are looked for from the run's own images.</p>
      ) : near.data ? (
        <NeighborStrip project={project} settings={settings} found={near.data} onOpen={(key) => onPick(placesByKey(map).get(key) ?? null)} />
      ) : near.error ? (
        <RefusalNotice error={near.error} onRetry={() => void near.refetch()} />
      ) : (
        <Busy what="Comparing with the training images…" />
      )}
    </article>
  );
}
