import type { SamplePreview } from "../../api/types";
import { formatNumber } from "../../model/format";
import { describeView, pictureUrl, valueText } from "../../model/views";
import css from "./content.module.css";
import { Histogram } from "./Histogram";
import { Legend } from "./Legend";
import { ScoreBars } from "./ScoreBars";
import { Verdict } from "./Verdict";

type Props = { project: string; sample: SamplePreview; /** Position among the channels; none: all on one sheet. */ channel: number | null; title?: string };

/** One sample of a preview, large. */
export function BigView({ project, sample, channel, title }: Props) {
  const { view } = sample;
  const alt = describeView(sample);
  const caption = title ? <figcaption>{title}</figcaption> : null;
  switch (view.view) {
    case "image":
    case "mask":
      return (
        <figure className={css.figure} data-pixels={view.width < 200}>
          {caption}
          <img src={pictureUrl(project, view.picture)} alt={alt} />
          {view.view === "mask" ? <Legend shares={view.shares} colors={view.colors} limit={24} /> : null}
        </figure>
      );
    case "maps": {
      const one = channel === null ? null : (view.channels[channel] ?? null);
      const stats = one?.stats ?? view.stats;
      return (
        <figure className={css.figure} data-pixels="true">
          {caption}
          <img src={pictureUrl(project, one?.picture ?? view.sheet)} alt={one ? `${alt}; channel ${one.index}` : alt} />
          <div className={css.scale}>
            <span>{one ? formatNumber(stats.min) : "least"}</span>
            <span className={css.ramp} style={{ background: RAMP }} aria-hidden />
            <span>{one ? formatNumber(stats.max) : "largest, for each channel"}</span>
          </div>
        </figure>
      );
    }
    case "vector":
      return (
        <figure className={css.figure}>
          {caption}
          <Histogram edges={view.histogram.edges} counts={view.histogram.counts} label={alt} height={160} axis="full" />
        </figure>
      );
    case "scores":
    case "objective":
      return (
        <figure className={css.figure}>
          {caption}
          <div className={css.line}>
            <span>{view.predicted.length ? `Predicted: ${view.predicted.join(", ")}` : view.view === "objective" && view.values.length ? `Predicted: ${view.values.map(valueText).join(", ")}` : "Nothing predicted"}</span>
            {view.view === "objective" ? <span className={css.number}>loss {formatNumber(view.loss)}</span> : null}
            <Verdict isRight={view.is_right} />
          </div>
          <ScoreBars top={view.top} label={sample.label} />
        </figure>
      );
    default:
      return (
        <figure className={css.figure}>
          {caption}
          <p>{alt}</p>
        </figure>
      );
  }
}

/** The colors of the server's heat maps, from the least to the largest value. */
const RAMP = "linear-gradient(90deg, #121449, #68086b, #b00069, #f22453, #ff7c4b, #ffbd68, #fff2a1)";
