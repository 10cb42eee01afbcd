import { useId, useState } from "react";

import type { PredictionReply } from "../../api/types";
import { formatNumber, formatPercent } from "../../model/format";
import css from "./inside/places.module.css";
import { Legend, Stack } from "./inside/PlacesView";

type Places = NonNullable<PredictionReply["places"]>;

/** What the run says of each place of one's own image, over the image. */
export function TriedPlaces({ project, name, places, score }: { project: string; name: string; places: Places; score: number | undefined }) {
  const [opacity, setOpacity] = useState(0.6);
  const slider = useId();
  const layer = places.kind === "mask" ? "said" : "heat";
  const words = places.kind === "mask" ? "Predicted mask" : "Heat map";
  const image = places.pictures.image;
  if (!image) return null;
  return (
    <div className={css.tried}>
      <div className={css.panels}>
        <figure className={css.panel}>
          <Stack project={project} image={image} over={undefined} alt={`${name}, as the run sees it`} opacity={1} layer={null} />
          <figcaption>As the run sees it</figcaption>
        </figure>
        <figure className={css.panel}>
          <Stack project={project} image={image} over={places.pictures[layer]} alt={`${name}, ${words.toLowerCase()}`} opacity={opacity} layer={layer} />
          <figcaption>{words}</figcaption>
        </figure>
      </div>
      {places.kind === "heat" && score !== undefined ? <p className={css.words}>{thresholdWords(score, places.threshold)}</p> : null}
      <div className={css.controls}>
        <div className={css.opacity}>
          <label htmlFor={slider}>Opacity {formatPercent(opacity, 0)}</label>
          <input id={slider} type="range" min={0} max={1} step={0.05} value={opacity} onChange={(event) => setOpacity(Number(event.target.value))} />
        </div>
        <Legend page={places} />
      </div>
    </div>
  );
}

function thresholdWords(score: number, threshold: number | null): string {
  if (threshold === null) return `Score ${formatNumber(score)}. This run has no threshold: it says how odd an image is, not whether it is.`;
  return `Score ${formatNumber(score)}, ${score >= threshold ? "above" : "below"} the threshold ${formatNumber(threshold)}: ${score >= threshold ? "odd" : "normal"}.`;
}
