import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Check } from "lucide-react";
import { useState } from "react";

import type { FlowNode } from "../api/types";
import css from "../canvas/content/content.module.css";
import { Button } from "../kit/Button";
import { SelectField, TextField } from "../kit/Field";
import { Modal } from "../kit/Modal";
import { Busy, Empty, Notice } from "../kit/small";
import { formatExact, formatPlural } from "../model/format";
import { sideFor, thumbnailUrl } from "../model/thumbnails";
import { splitWord } from "../model/views";
import { useDoc } from "../store/doc";
import { PAGE, type SampleAsk, samplesPage } from "../store/samples";

type Props = {
  project: string;
  images: FlowNode;
  chosen: readonly string[];
  limit: number;
  onChoose: (keys: readonly string[]) => void;
  onClose: () => void;
};
const ALL: SampleAsk = { split: null, label: null, text: "", offset: 0 };

/** Pick images from the whole data set. */
export function SampleGrid({ project, images, chosen, limit, onChoose, onClose }: Props) {
  const seed = useDoc((state) => state.flow.recipe.seed);
  const [wanted, setWanted] = useState(ALL);
  const [keys, setKeys] = useState<readonly string[]>(chosen);
  const found = useQuery({ ...samplesPage(project, images, seed, wanted), placeholderData: keepPreviousData });
  const isFull = keys.length >= limit;
  const toggle = (key: string) =>
    setKeys((now) => (now.includes(key) ? now.filter((item) => item !== key) : now.length < limit ? [...now, key] : now));
  const narrow = (change: Partial<SampleAsk>) => setWanted((now) => ({ ...now, offset: 0, ...change }));
  const total = found.data?.total ?? 0;
  const rows = (found.data?.rows ?? []).filter((row) => !row.is_excluded && row.digest !== "");
  return (
    <Modal isOpen isWide onClose={onClose} title="Pick images for the previews" description={`Up to ${limit} images; every preview is then shown on them.`}>
      <div className={css.row}>
        <TextField label="Search" type="search" value={wanted.text} placeholder="Part of a name" onChange={(event) => narrow({ text: event.target.value })} />
        <SelectField
          label="Split"
          value={wanted.split ?? ""}
          options={[["", "All"], ["train", "Training"], ["validation", "Validation"], ["test", "Test"]]}
          onChange={(event) => narrow({ split: (event.target.value || null) as SampleAsk["split"] })}
        />
      </div>
      {found.error ? <Notice tone="error">{found.error.message}</Notice> : null}
      {found.isPending ? <Busy what="Looking at the images…" /> : null}
      {found.data && !rows.length ? <Empty title="No image fits">Change the search or the split.</Empty> : null}
      <div className={css.picks} role="group" aria-label="Images">
        {rows.map((row) => {
          const isChosen = keys.includes(row.key);
          const label = row.label.join(", ");
          return (
            <button
              key={row.key}
              type="button"
              className={css.pick}
              aria-pressed={isChosen}
              aria-disabled={(isFull && !isChosen) || undefined}
              aria-label={`${row.key}${label ? `, ${label}` : ""}, ${splitWord(row.split)}`}
              title={isFull && !isChosen ? `${limit} images are chosen already.` : row.key}
              onClick={() => toggle(row.key)}
            >
              <img src={thumbnailUrl(project, images.settings, row, sideFor(96, devicePixelRatio))} alt="" loading="lazy" />
              <span className={css.caption}>{label || row.key}</span>
              {isChosen ? (
                <span className={css.tick} aria-hidden>
                  <Check size={12} />
                </span>
              ) : null}
            </button>
          );
        })}
      </div>
      <div className={css.head}>
        <span className={css.text2}>
          {total ? `${formatExact(wanted.offset + 1)} to ${formatExact(Math.min(total, wanted.offset + PAGE))} of ${formatPlural(total, "image")}` : ""}
        </span>
        <span className={css.flipper}>
          <Button onClick={() => narrow({ offset: Math.max(0, wanted.offset - PAGE) })} whyNot={wanted.offset === 0 ? "This is the first page." : null}>
            Previous
          </Button>
          <Button onClick={() => narrow({ offset: wanted.offset + PAGE })} whyNot={wanted.offset + PAGE >= total ? "This is the last page." : null}>
            Next
          </Button>
        </span>
      </div>
      <div className={css.head}>
        <span className={css.text2} role="status">
          {formatPlural(keys.length, "image")} chosen
        </span>
        <span className={css.flipper}>
          <Button onClick={() => setKeys([])} whyNot={keys.length ? null : "None is chosen."}>
            Choose none
          </Button>
          <Button look="primary" onClick={() => onChoose(keys)}>
            {keys.length ? "Use these" : "Choose automatically"}
          </Button>
        </span>
      </div>
    </Modal>
  );
}
