import { ArrowRight } from "lucide-react";

import type { LabelSuspect } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { Badge } from "../../../kit/small";
import { formatPercent } from "../../../model/format";
import { doneAbout, rowOf } from "../../../model/quality";
import { exclude, relabel } from "../acts";
import type { OpenData } from "../open";
import { PictureButton } from "../PictureButton";
import { Done } from "./Done";
import { More } from "./More";
import { Near } from "./Near";
import type { QualityProps } from "./Quality";
import css from "./quality.module.css";

/** Images whose label a probe doubts that did not see them, the most doubtful first. */
export function Suspects({ data, found, onLarge }: QualityProps) {
  if (found.suspects.length === 0) return <p className={css.none}>No label is in doubt.</p>;
  return (
    <More items={found.suspects} total={found.num_suspects} what="label suspects">
      {(suspect) => <Card key={suspect.key} data={data} suspect={suspect} onLarge={onLarge} />}
    </More>
  );
}

type CardProps = { data: OpenData; suspect: LabelSuspect; onLarge: (key: string) => void };

function Card({ data, suspect, onLarge }: CardProps) {
  const { key, label, suggested } = suspect;
  const done = doneAbout(key, label, data);
  const row = rowOf(suspect, data);
  return (
    <article className={css.card} aria-label={key} data-done={done ? "" : undefined}>
      <PictureButton data={data} name={key} onLarge={onLarge} pixels={112} />
      <div className={css.facts}>
        <code title={key}>{key}</code>
        <p className={css.labels}>
          <span>{label}</span> <ArrowRight size={13} aria-label="suggested" /> <strong>{suggested}</strong>
        </p>
        <p className={css.quiet}>
          {suspect.split ?? "not used"} · <span className={css.whole}>{label} {formatPercent(suspect.label_probability, 0)},</span>{" "}
          <span className={css.whole}>{suggested} {formatPercent(suspect.suggested_probability, 0)}</span>
        </p>
        {done ? (
          <Done row={row} done={done} data={data} />
        ) : (
          <div className={css.acts}>
            <Button onClick={() => relabel(data.node.id, [row], suggested)}>Label as {suggested}</Button>
            <Button look="ghost" onClick={() => exclude(data.node.id, [row])}>
              Exclude
            </Button>
            {suspect.split === "test" ? <Badge title="Correcting it changes what runs are scored on.">test image</Badge> : null}
          </div>
        )}
      </div>
      <details className={css.why}>
        <summary>Why</summary>
        <p>{suspect.reason}</p>
        <Near data={data} near={suspect.neighbors} onLarge={onLarge} />
      </details>
    </article>
  );
}
