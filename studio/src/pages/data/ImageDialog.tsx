import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, CircleSlash, RotateCcw, Tag, Undo2 } from "lucide-react";
import { type KeyboardEvent, useState } from "react";

import type { SampleRow } from "../../api/types";
import { Button, IconButton } from "../../kit/Button";
import { Modal } from "../../kit/Modal";
import { Badge, Busy, Notice } from "../../kit/small";
import { corrected } from "../../model/data_edits";
import { useReturnFocus } from "../../panels/useReturnFocus";
import { exclude, restore, unlabel } from "./acts";
import css from "./data.module.css";
import { ALL, type OpenData, samplesQuery } from "./open";
import { RelabelDialog } from "./RelabelDialog";
import { Thumbnail } from "./Thumbnail";

type Props = {
  data: OpenData;
  row: SampleRow;
  position?: string;
  onStep?: (by: number) => void;
  onClose: () => void;
};

/** The arrows are to work at once, so the focus goes here and not to the first button. */
const takeFocus = (box: HTMLDivElement | null): void => box?.focus();

/** One image large, with all that is known about it. */
export function ImageDialog({ data, row, position, onStep, onClose }: Props) {
  const [isNaming, setIsNaming] = useState(false);
  useReturnFocus();
  const node = data.node.id;
  const copies = data.view.report.duplicate_groups.find((group) => group.includes(row.key))?.filter((key) => key !== row.key) ?? [];
  const keys = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement) return;
    if (event.key === "ArrowLeft") onStep?.(-1);
    else if (event.key === "ArrowRight") onStep?.(1);
    else if (event.key === "Delete") (row.is_excluded ? restore : exclude)(node, [row]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal isOpen isWide title={row.key.split("/").at(-1) ?? row.key} onClose={onClose}>
      <div ref={takeFocus} tabIndex={-1} className={css.one} onKeyDown={keys}>
        <div className={css.large} data-excluded={row.is_excluded || undefined}>
          <Thumbnail project={data.project} settings={data.settings} row={row} pixels={700} alt={row.key} />
        </div>
        <div className={css.side}>
          {row.problem ? <Notice tone="warning">{row.problem}</Notice> : null}
          <dl className={css.facts}>
            <dt>Key</dt>
            <dd>
              <code>{row.key}</code>
            </dd>
            <dt>Label</dt>
            <dd>{row.label.join(", ") || "none"}</dd>
            {row.found_label ? (
              <>
                <dt>Found as</dt>
                <dd>{row.found_label.join(", ") || "none"}</dd>
              </>
            ) : null}
            <dt>Split</dt>
            <dd>{row.is_excluded ? <Badge tone="warning">excluded</Badge> : (row.split ?? "not used")}</dd>
            <dt>Size</dt>
            <dd>{row.width ? `${row.width} × ${row.height} pixels` : "unknown"}</dd>
            <dt>Digest</dt>
            <dd>
              <code title={row.digest}>{row.digest.slice(0, 16) || "cannot be read"}</code>
            </dd>
          </dl>
          {copies.length ? (
            <div>
              <h3>{copies.length === 1 ? "A copy of it" : `${copies.length} copies of it`}</h3>
              <ul className={css.copies}>
                {copies.slice(0, 6).map((key) => (
                  <Copy key={key} data={data} name={key} />
                ))}
              </ul>
            </div>
          ) : null}
          <div className={css.column}>
            {row.is_excluded ? (
              <Button onClick={() => restore(node, [row])}>
                <Undo2 size={13} aria-hidden /> Put back
              </Button>
            ) : (
              <Button onClick={() => exclude(node, [row])}>
                <CircleSlash size={13} aria-hidden /> Exclude
              </Button>
            )}
            <Button
              whyNot={data.settings.label_kind === "mask" ? "A label that is a mask is changed in its file." : null}
              onClick={() => setIsNaming(true)}
            >
              <Tag size={13} aria-hidden /> Relabel…
            </Button>
            <Button whyNot={row.found_label ? null : "It was not relabeled."} onClick={() => unlabel(node, [row])}>
              <RotateCcw size={13} aria-hidden /> Label as found
            </Button>
          </div>
          {onStep ? (
            <div className={css.step}>
              <IconButton label="Image before" keys="←" onClick={() => onStep(-1)}>
                <ChevronLeft size={16} />
              </IconButton>
              <span role="status">{position}</span>
              <IconButton label="Next image" keys="→" onClick={() => onStep(1)}>
                <ChevronRight size={16} />
              </IconButton>
            </div>
          ) : null}
        </div>
      </div>
      {isNaming ? <RelabelDialog data={data} rows={[row]} onClose={() => setIsNaming(false)} /> : null}
    </Modal>
  );
}

/** An image that is a copy, found by its key. */
function Copy({ data, name }: { data: OpenData; name: string }) {
  const row = useRow(data, name);
  return (
    <li>
      <Thumbnail project={data.project} settings={data.settings} row={row ?? { key: name }} pixels={56} alt="" />
      <span>
        <code>{name}</code>
        {row ? `${row.label.join(", ")}${row.split ? ` · ${row.split}` : ""}` : ""}
      </span>
    </li>
  );
}

/** The row of one image, asked for by its key. */
export function useRow(data: OpenData, key: string | null): SampleRow | undefined {
  const page = useQuery({ ...samplesQuery(data, { ...ALL, text: key ?? "" }, 0, 50), enabled: key !== null });
  const row = page.data?.rows.find((item) => item.key === key);
  return row && corrected(row, data.excluded, data.relabel);
}

/** An image large, when only its key is known. */
export function KeyDialog({ data, name, onClose }: { data: OpenData; name: string; onClose: () => void }) {
  const row = useRow(data, name);
  if (row) return <ImageDialog data={data} row={row} onClose={onClose} />;
  return (
    <Modal isOpen title={name} onClose={onClose}>
      <Busy what="Looking for this image…" />
    </Modal>
  );
}
