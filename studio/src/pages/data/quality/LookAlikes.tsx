import type { LookAlike } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { Badge } from "../../../kit/small";
import { leftOf, rowOf } from "../../../model/quality";
import { exclude, restore } from "../acts";
import strips from "../data.module.css";
import type { OpenData } from "../open";
import { PictureButton } from "../PictureButton";
import { More } from "./More";
import type { QualityProps } from "./Quality";
import css from "./quality.module.css";

const HOW = { exact: "same file", hash: "copy", feature: "by feature" } as const;
const MOST = 6;

/** Copies, and images that look alike to the base; contradicting labels and different splits first. */
export function LookAlikes({ data, found, onLarge }: QualityProps) {
  if (found.look_alikes.length === 0) return <p className={css.none}>No two images look alike.</p>;
  return (
    <More items={found.look_alikes} total={found.num_look_alikes} what="groups">
      {(group) => <Group key={group.keys.join("|")} data={data} group={group} onLarge={onLarge} />}
    </More>
  );
}

function Group({ data, group, onLarge }: { data: OpenData; group: LookAlike; onLarge: (key: string) => void }) {
  const left = leftOf(group, data);
  const rows = group.keys.map((key, i) => rowOf({ key, label: group.labels[i] ?? [], split: group.splits[i] ?? null }, data));
  const keep = (kept: string) => exclude(data.node.id, rows.filter((row) => row.key !== kept && !row.is_excluded));
  return (
    <article className={css.card} aria-label={group.keys.join(" and ")} data-done={left.length < 2 ? "" : undefined}>
      <div className={css.wide}>
        <p className={css.labels}>
          <Badge>{HOW[group.how]}</Badge>
          {group.is_conflict ? <Badge tone="error">labels differ</Badge> : null}
          {group.crosses_splits ? <Badge tone="warning">across splits</Badge> : null}
        </p>
        <div className={strips.strip}>
          {rows.slice(0, MOST).map((row) => (
            <figure key={row.key} className={css.member} data-out={row.is_excluded ? "" : undefined}>
              <PictureButton data={data} name={row.key} onLarge={onLarge} pixels={84} />
              <figcaption title={row.key}>
                {row.label.join(", ") || "–"}
                <br />
                {row.is_excluded ? "excluded" : (row.split ?? "not used")}
              </figcaption>
              {left.length > 1 && !row.is_excluded ? (
                <Button look="ghost" aria-label={`Keep only ${row.key}`} onClick={() => keep(row.key)}>
                  Keep this
                </Button>
              ) : null}
            </figure>
          ))}
          {rows.length > MOST ? <span>and {rows.length - MOST} more</span> : null}
        </div>
        <p className={css.quiet}>{group.reason}</p>
        {left.length < rows.length ? (
          <Button look="ghost" onClick={() => restore(data.node.id, rows)}>
            Put {rows.length - left.length} back
          </Button>
        ) : null}
      </div>
    </article>
  );
}
