import { CircleSlash, RotateCcw, Tag, Undo2 } from "lucide-react";
import { useState } from "react";

import type { SampleRow } from "../../api/types";
import { Button } from "../../kit/Button";
import { Menu } from "../../kit/Menu";
import { formatPlural } from "../../model/format";
import { sayError } from "../../store/toast";
import { exclude, relabel, restore, unlabel } from "./acts";
import css from "./data.module.css";
import { type Filter, type OpenData, allRows } from "./open";
import { RelabelDialog } from "./RelabelDialog";

type Props = {
  data: OpenData;
  filter: Filter;
  total: number | undefined;
  selected: readonly SampleRow[];
  onSelect: (rows: readonly SampleRow[]) => void;
};

const MOST_IN_MENU = 14;

/** What can be done with the selected images. */
export function SelectionBar({ data, filter, total = 0, selected, onSelect }: Props) {
  const [isNaming, setIsNaming] = useState(false);
  const node = data.node.id;
  const none = selected.length === 0 ? "Select images first: click, Shift-click for a range, Space with the keyboard." : null;
  const all = () => allRows(data, filter).then(onSelect, sayError);
  const noLabels = data.settings.label_kind === "mask" ? "A label that is a mask is changed in its file." : none;
  const classes = data.settings.label_kind === "number" ? [] : data.classes;
  return (
    <div className={css.acts} role="toolbar" aria-label="Selected images">
      <span className={css.picked}>{selected.length ? `${formatPlural(selected.length, "image")} selected` : "None selected"}</span>
      <Button
        whyNot={none ?? (selected.every((row) => row.is_excluded) ? "They are excluded already." : null)}
        onClick={() => exclude(node, selected)}
      >
        <CircleSlash size={13} aria-hidden /> Exclude
      </Button>
      <Button
        whyNot={none ?? (selected.some((row) => row.is_excluded) ? null : "None of them is excluded.")}
        onClick={() => restore(node, selected)}
      >
        <Undo2 size={13} aria-hidden /> Put back
      </Button>
      {noLabels ? (
        <Button whyNot={noLabels}>
          <Tag size={13} aria-hidden /> Relabel to…
        </Button>
      ) : (
        <Menu
          items={[
            ...classes.slice(0, MOST_IN_MENU).map((name) => ({ label: name, onSelect: () => relabel(node, selected, name) })),
            { label: "Another label…", onSelect: () => setIsNaming(true) },
          ]}
        >
          <Button>
            <Tag size={13} aria-hidden /> Relabel to…
          </Button>
        </Menu>
      )}
      <Button
        whyNot={none ?? (selected.some((row) => row.found_label) ? null : "None of them was relabeled.")}
        onClick={() => unlabel(node, selected)}
      >
        <RotateCcw size={13} aria-hidden /> Label as found
      </Button>
      <Button look="ghost" whyNot={total ? null : "There are no images."} onClick={() => void all()}>
        Select all
      </Button>
      <Button look="ghost" whyNot={none} onClick={() => onSelect([])}>
        Select none
      </Button>
      {isNaming ? (
        <RelabelDialog data={data} rows={selected} onClose={() => setIsNaming(false)} />
      ) : null}
    </div>
  );
}
