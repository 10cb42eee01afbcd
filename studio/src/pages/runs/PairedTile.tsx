import { Check, X } from "lucide-react";
import { useState } from "react";

import type { PairedRow, PredictionRow } from "../../api/types";
import { sideFor, thumbnailUrl } from "../../model/thumbnails";
import { truth, verdict } from "../../panels/dock/PredictionTile";
import css from "./runs.module.css";

type Props = { project: string; settings: Record<string, unknown> | undefined; row: PairedRow };

/** One image with what both runs said of it. */
export function PairedTile({ project, settings, row }: Props) {
  const [isGone, setGone] = useState(false);
  return (
    <li className={css.pairedTile} title={row.a.key}>
      {settings && !isGone ? (
        <img src={thumbnailUrl(project, settings, row.a, sideFor(120, devicePixelRatio))} alt={row.a.key} loading="lazy" onError={() => setGone(true)} />
      ) : (
        <span className={css.noPicture}>{isGone ? "The image is not there any more" : ""}</span>
      )}
      <Said name="A" row={row.a} />
      <Said name="B" row={row.b} />
      <span className={css.quiet}>label: {truth(row.a)}</span>
    </li>
  );
}

function Said({ name, row }: { name: string; row: PredictionRow }) {
  const { said, isRight } = verdict(row);
  return (
    <span className={css.pairedSaid}>
      {name}
      {isRight ? <Check size={12} className={css.ok} aria-label="right" /> : <X size={12} className={css.bad} aria-label="wrong" />}
      {said}
    </span>
  );
}
