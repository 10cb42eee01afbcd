import { memo } from "react";

import type { SamplePreview } from "../../api/types";
import { formatNumber } from "../../model/format";
import { captionOf, describeView, labelsText, pictureUrl, splitWord, valueText } from "../../model/views";
import css from "./content.module.css";
import { Histogram } from "./Histogram";
import { ScoreBars } from "./ScoreBars";
import { Verdict } from "./Verdict";

type Props = { project: string; sample: SamplePreview; onOpen: () => void };

/** One sample of a preview, small; a click shows it large. */
export const ViewTile = memo(function ViewTile({ project, sample, onOpen }: Props) {
  const shape = { scores: css.wideTile, objective: css.wideTile, values: css.wideTile, labels: css.wideTile, vector: css.halfTile }[
    sample.view.view as string
  ];
  return (
    <button
      type="button"
      className={[css.tile, shape ?? "", "nodrag"].join(" ")}
      onClick={onOpen}
      title={`${sample.key} · ${splitWord(sample.split)}`}
    >
      <span className="sr-only">{`${describeView(sample)}. Show it large`}</span>
      <Small project={project} sample={sample} />
    </button>
  );
});

function Small({ project, sample }: Omit<Props, "onOpen">) {
  const { view } = sample;
  switch (view.view) {
    case "image":
    case "mask":
      return (
        <>
          <img className={css.thumb} src={pictureUrl(project, view.picture)} alt="" loading="lazy" draggable={false} />
          <span className={css.caption}>{captionOf(sample)}</span>
        </>
      );
    case "maps":
      return (
        <>
          <img className={css.maps} src={pictureUrl(project, view.sheet)} alt="" loading="lazy" draggable={false} />
          <span className={css.caption}>{captionOf(sample)}</span>
        </>
      );
    case "vector":
      return (
        <>
          <span className={css.caption}>{captionOf(sample)}</span>
          <Histogram edges={view.histogram.edges} counts={view.histogram.counts} label="" height={26} axis="range" />
        </>
      );
    case "scores":
      return (
        <>
          <span className={css.line}>
            <span className={css.caption}>{captionOf(sample)}</span>
            <Verdict isRight={view.is_right} />
          </span>
          <ScoreBars top={view.top} label={sample.label} limit={3} />
        </>
      );
    case "objective":
      return (
        <span className={css.line}>
          <span className={css.caption}>
            {captionOf(sample)}
            {view.predicted.length ? ` → ${view.predicted.join(", ")}` : ""}
          </span>
          <span className={css.number}>{view.values.length ? view.values.map(valueText).join(", ") : `loss ${formatNumber(view.loss)}`}</span>
          <Verdict isRight={view.is_right} />
        </span>
      );
    case "labels":
      return (
        <span className={css.line}>
          <span className={css.caption}>
            {labelsText(view)}
          </span>
        </span>
      );
    case "values":
      return (
        <span className={css.line}>
          <span className={css.caption}>{captionOf(sample)}</span>
          <span className={css.number}>{view.values.slice(0, 4).map(valueText).join(", ")}</span>
        </span>
      );
  }
}
