import { memo } from "react";

import type { DataView } from "../../api/types";
import { Thumbnail } from "./Thumbnail";
import css from "./data.module.css";
import { formatExact } from "../../model/format";
import { splitWord } from "../../model/views";
import type { Filter, OpenData } from "./open";

type Props = { data: OpenData; filter: Filter; onFilter: (filter: Filter) => void };
type ClassRow = DataView["classes"][number];

const SPLITS = ["train", "validation", "test"] as const;

/** Each class with its images per split; choosing one shows its images. */
export function ClassList({ data, filter, onFilter }: Props) {
  const { classes, report } = data.view;
  const largest = Math.max(1, ...classes.map((row) => row.num_images));
  const toggle = (name: string | null) => onFilter({ ...filter, label: filter.label === name ? null : name });
  return (
    <nav className={css.classes} aria-label="Classes">
      <div className={css.legend} aria-hidden>
        {SPLITS.map((split) => (
          <span key={split} data-split={split}>
            {splitWord(split)}
          </span>
        ))}
      </div>
      <button type="button" className={css.class} aria-pressed={filter.label === null} onClick={() => toggle(null)}>
        <span className={css.className}>
          <strong>All images</strong>
          <span>{formatExact(report.num_images)}</span>
        </span>
      </button>
      {classes.length === 0 ? <p className={css.note}>{NO_CLASSES[data.settings.label_kind] ?? "There are no classes in it."}</p> : null}
      {classes.map((row) => (
        <OneClass key={row.name} data={data} row={row} largest={largest} isChosen={filter.label === row.name} onChoose={toggle} />
      ))}
    </nav>
  );
}

const NO_CLASSES: Record<string, string> = {
  number: "The labels are numbers; there are no classes to choose from.",
  mask: "The labels are masks, a class for each pixel.",
};

type OneProps = { data: OpenData; row: ClassRow; largest: number; isChosen: boolean; onChoose: (name: string) => void };

const OneClass = memo(function OneClass({ data, row, largest, isChosen, onChoose }: OneProps) {
  const counts = SPLITS.map((split) => [split, row.by_split[split] ?? 0] as const);
  return (
    <button type="button" className={css.class} aria-pressed={isChosen} onClick={() => onChoose(row.name)}>
      <span className={css.className}>
        <strong title={row.name}>{row.name}</strong>
        <span>{formatExact(row.num_images)}</span>
      </span>
      <span className={css.counts} title={counts.map(([split, count]) => `${split} ${count}`).join(", ")}>
        {counts.map(([split, count]) => (
          <span key={split} data-split={split} style={{ width: `${(100 * count) / largest}%` }} />
        ))}
      </span>
      <span className="sr-only">{counts.map(([split, count]) => `${count} for ${splitWord(split)}`).join(", ")}</span>
      <span className={css.examples}>
        {row.examples.map((example) => (
          <Thumbnail key={example.key} project={data.project} settings={data.settings} row={example} pixels={40} alt="" />
        ))}
      </span>
    </button>
  );
});
