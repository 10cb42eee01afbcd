import type { SamplePreview } from "../../api/types";
import { formatPercent } from "../../model/format";
import css from "./content.module.css";

type Share = { name: string; probability: number | null };
type Props = { top: readonly Share[]; label: SamplePreview["label"]; limit?: number };

/** The likeliest classes as bars; the true one is marked by a word, too. */
export function ScoreBars({ top, label, limit = 5 }: Props) {
  return (
    <ul className={css.scores}>
      {top.slice(0, limit).map(({ name, probability }) => {
        const isLabel = label.includes(name);
        return (
          <li key={name} className={css.score} data-label={isLabel} title={isLabel ? `${name} is the label` : name}>
            <span className={css.scoreFill} style={{ width: `${100 * (probability ?? 0)}%` }} aria-hidden />
            <span className={css.scoreName}>
              {name}
              {isLabel ? <span className="sr-only"> (the label)</span> : null}
            </span>
            <span className={css.scoreValue}>{formatPercent(probability, 0)}</span>
          </li>
        );
      })}
    </ul>
  );
}
