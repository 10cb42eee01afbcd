import { Button } from "../../../kit/Button";
import { doneAbout, rowOf } from "../../../model/quality";
import { exclude } from "../acts";
import { PictureButton } from "../PictureButton";
import { Done } from "./Done";
import { More } from "./More";
import { Near } from "./Near";
import type { QualityProps } from "./Quality";
import css from "./quality.module.css";

/** Images that look like no other one to the base, farthest first. */
export function Outliers({ data, found, onLarge }: QualityProps) {
  if (found.outliers.length === 0) return <p className={css.none}>No image stands out.</p>;
  return (
    <More items={found.outliers} total={found.num_outliers} what="outliers">
      {(outlier) => {
        const done = doneAbout(outlier.key, outlier.label.join(";"), data);
        const row = rowOf(outlier, data);
        return (
          <article key={outlier.key} className={css.card} aria-label={outlier.key} data-done={done ? "" : undefined}>
            <PictureButton data={data} name={outlier.key} onLarge={onLarge} pixels={112} />
            <div className={css.facts}>
              <code title={outlier.key}>{outlier.key}</code>
              <p className={css.labels}>{outlier.label.join(", ") || "no label"}</p>
              <p className={css.quiet}>
                {outlier.split ?? "not used"} · {outlier.reason}
              </p>
              {done ? (
                <Done row={row} done={done} data={data} />
              ) : (
                <div className={css.acts}>
                  <Button onClick={() => exclude(data.node.id, [row])}>Exclude</Button>
                </div>
              )}
            </div>
            <details className={css.why}>
              <summary>Nearest images</summary>
              <Near data={data} near={outlier.neighbors} onLarge={onLarge} />
            </details>
          </article>
        );
      }}
    </More>
  );
}
