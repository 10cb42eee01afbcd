import { ImageOff } from "lucide-react";
import { useState } from "react";

import { type Pictured, sideFor, thumbnailUrl } from "../../model/thumbnails";
import css from "./data.module.css";

type Props = { project: string; settings: Parameters<typeof thumbnailUrl>[1]; row: Pictured; pixels: number; alt: string };

/** Addresses that gave no picture: not asked for again each time that a tile is drawn anew. */
const gone = new Set<string>();

/** A small picture of an image; one that cannot be read, which has an empty digest, shows that. */
export function Thumbnail({ project, settings, row, pixels, alt }: Props) {
  const [, setBroken] = useState<string | null>(null);
  const url = thumbnailUrl(project, settings, row, sideFor(pixels, window.devicePixelRatio));
  if (row.digest === "" || gone.has(url)) {
    return (
      <span className={css.broken} role="img" aria-label={`${alt || row.key} cannot be shown`} title={`${row.key} cannot be shown`}>
        <ImageOff size={Math.min(20, pixels / 2)} aria-hidden />
      </span>
    );
  }
  return <img className={css.thumb} src={url} alt={alt} loading="lazy" decoding="async" draggable={false} onError={() => lose(url, setBroken)} />;
}

function lose(url: string, tell: (url: string) => void): void {
  gone.add(url);
  tell(url);
}
