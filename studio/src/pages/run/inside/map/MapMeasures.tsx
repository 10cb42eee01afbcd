import type { EmbeddingMap, Interval } from "../../../../api/types";
import { Notice } from "../../../../kit/small";
import { sideOf, type Weights } from "../../../../model/embedding";
import { formatExact, formatNumber, formatPercent } from "../../../../model/format";
import css from "./map.module.css";

/** How much of the features a picture of two dimensions keeps: a map without this misleads. */
export function MapMeasures({ map, weights }: { map: EmbeddingMap; weights: Weights }) {
  const side = sideOf(map, weights);
  if (!side) return null;
  const shown = side.explained ? side.explained[0] + side.explained[1] : null;
  const k = map.num_neighbors;
  return (
    <div className={css.measures}>
      <h3>How far to trust this picture</h3>
      <dl>
        {shown === null ? null : <Fact words={`Variance of ${formatExact(map.num_features)} features that two axes show`} text={formatPercent(shown)} />}
        <Score words={`Trustworthiness: neighbors here are neighbors in the features (${k} each; 1 at best)`} value={side.trustworthiness} />
        <Score words="Held-out images: nearest training images of the same class, by all features" value={side.same_class} isShare />
        <Score words="The same, by distance on this map" value={side.same_class_on_map} isShare />
        {map.same_class_by_chance === null ? null : <Fact words="The same by chance" text={formatPercent(map.same_class_by_chance)} />}
        {map.disparity === null ? null : <Fact words="Before and after, laid over each other, differ by (0 alike, 1 apart)" text={formatNumber(map.disparity)} />}
      </dl>
      {map.is_unmoved ? <Notice tone="info">Training did not change these features: the map is the same before and after.</Notice> : null}
      {map.num_shown < map.num_images ? (
        <Notice tone="info">
          {formatExact(map.num_shown)} of {formatExact(map.num_images)} images are shown, with the same share of each split and label.
        </Notice>
      ) : null}
      {map.notes.map((note) => (
        <Notice key={note} tone="warning">
          {note}
        </Notice>
      ))}
      <p className={css.quiet}>
        Click a point to see its image and its nearest training images. Hold Shift and draw a loop to list images, or hide colors in the legend and choose what is shown.
      </p>
    </div>
  );
}

function Fact({ words, text }: { words: string; text: string }) {
  return (
    <div>
      <dt>{words}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function Score({ words, value, isShare = false }: { words: string; value: Interval | null; isShare?: boolean }) {
  if (!value) return null;
  const write = (number: number) => (isShare ? formatPercent(number) : formatNumber(number));
  return <Fact words={words} text={`${write(value.value)} (${write(value.low)} to ${write(value.high)})`} />;
}
