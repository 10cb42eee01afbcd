import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { ImageUp } from "lucide-react";
import { type DragEvent, useEffect, useRef, useState } from "react";

import type { PredictionRow, RunView } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { Busy, Notice } from "../../../kit/small";
import type { PredictionQuestion } from "../../../model/confusion";
import type { LookedImage } from "../../../model/one_image";
import { formatNumber } from "../../../model/format";
import { kindOf } from "../../../model/run_tabs";
import { thumbnailUrl } from "../../../model/thumbnails";
import { pictureUrl } from "../../../model/views";
import { truth, verdict } from "../../../panels/dock/PredictionTile";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { sendImage } from "../../../store/one_image";
import { askPlaces } from "../../../store/places";
import { askRun } from "../../../store/predictions";
import css from "./inside.module.css";

type Props = { project: string; view: RunView; chosen: LookedImage | null; onChoose: (image: LookedImage) => void };

const WORST: PredictionQuestion = { split: "test", only: "all", sort: "loss", descending: true };

/** The run's test images, the worst first, and a place to drop one's own. */
export function ImagePicker(props: Props) {
  return (
    <div className={css.picker}>
      {kindOf(props.view.record) === "mask" ? <MaskStrip {...props} /> : <Strip {...props} />}
      <OwnImage project={props.project} onChoose={props.onChoose} />
    </div>
  );
}

function MaskStrip({ project, view, chosen, onChoose }: Props) {
  const split = view.record?.metrics.test ? "test" : "validation";
  const page = useQuery(askPlaces(project, view.card.id, { split, order: "worst", offset: 0 }));
  const rows = page.data?.rows ?? [];
  const first = rows[0]?.key;
  useEffect(() => {
    if (!chosen && first !== undefined) onChoose({ image: first, picture: null });
  }, [chosen, first, onChoose]);
  return (
    <div className={css.strip} role="group" aria-label="Test images, the least overlap first">
      {page.isPending ? <Busy what="Looking for images…" /> : null}
      {page.error ? <Notice tone="info">{page.error.message} Drop an image instead.</Notice> : null}
      {rows.map(({ key, overlap, pictures }) => {
        const said = overlap === null ? "no pixel counts" : `IoU ${formatNumber(overlap)}`;
        return (
          <button
            key={key}
            type="button"
            className={css.thumb}
            title={`${key}: ${said}`}
            aria-pressed={chosen?.picture === null && chosen.image === key}
            onClick={() => onChoose({ image: key, picture: null })}
          >
            <span className="sr-only">{`${key}: ${said}`}</span>
            {pictures.image ? <img src={pictureUrl(project, pictures.image)} alt="" loading="lazy" /> : null}
            <span aria-hidden>{said}</span>
          </button>
        );
      })}
    </div>
  );
}

function Strip({ project, view, chosen, onChoose }: Props) {
  const run = view.card.id;
  const pages = useInfiniteQuery({ ...askRun.predictions(project, run, WORST), retry: false });
  const settings = useQuery(askRun.images(project, run));
  const rows = pages.data?.pages.flatMap((page) => page.rows) ?? [];
  const first = rows[0]?.key;
  useEffect(() => {
    if (!chosen && first !== undefined) onChoose({ image: first, picture: null });
  }, [chosen, first, onChoose]);
  return (
    <div className={css.strip} role="group" aria-label="Test images, the worst first">
      {pages.isPending ? <Busy what="Looking for images…" /> : null}
      {pages.error ? <Notice tone="info">{pages.error.message} Drop an image instead.</Notice> : null}
      {rows.map((row) => (
        <Thumb key={row.key} project={project} settings={settings.data} row={row} isChosen={chosen?.picture === null && chosen.image === row.key} onChoose={onChoose} />
      ))}
      {pages.hasNextPage ? (
        <Button onClick={() => void pages.fetchNextPage()} whyNot={pages.isFetchingNextPage ? "More is coming." : null}>
          More
        </Button>
      ) : null}
    </div>
  );
}

type ThumbProps = { project: string; settings: Record<string, unknown> | undefined; row: PredictionRow; isChosen: boolean; onChoose: (image: LookedImage) => void };

function Thumb({ project, settings, row, isChosen, onChoose }: ThumbProps) {
  const { said, isRight } = verdict(row);
  const words = `${row.key}: label ${truth(row)}, predicted ${said}`;
  return (
    <button type="button" className={css.thumb} title={words} aria-pressed={isChosen} data-wrong={isRight === false || undefined} onClick={() => onChoose({ image: row.key, picture: null })}>
      <span className="sr-only">{words}</span>
      {settings ? <img src={thumbnailUrl(project, settings, row, 128)} alt="" loading="lazy" /> : null}
      <span aria-hidden>{said}</span>
    </button>
  );
}

function OwnImage({ project, onChoose }: { project: string; onChoose: (image: LookedImage) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const sent = useMutation({ mutationFn: (file: File) => sendImage(project, file, file.name || "image"), onSuccess: onChoose });
  const take = (file: File | undefined) => {
    if (file) sent.mutate(file);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  return (
    <div
      className={css.drop}
      data-over={isOver || undefined}
      role="group"
      aria-label="Drop an image of your own"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Button onClick={() => input.current?.click()}>
        <ImageUp size={14} aria-hidden /> Your own image…
      </Button>
      <span className={css.quiet}>or drop it here</span>
      <input
        ref={input}
        type="file"
        accept="image/*"
        className="sr-only"
        tabIndex={-1}
        aria-label="Image file to look into"
        onChange={(event) => {
          take(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
      {sent.isPending ? <Busy what="Sending it…" /> : null}
      {sent.error ? <RefusalNotice error={sent.error} /> : null}
    </div>
  );
}
