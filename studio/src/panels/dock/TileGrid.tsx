import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";

import type { PredictionRow } from "../../api/types";
import { formatExact } from "../../model/format";
import { PredictionTile } from "./PredictionTile";
import css from "./results.module.css";

const TILE_WIDTH = 116;
const TILE_HEIGHT = 148;

type Props = {
  project: string;
  settings: Record<string, unknown> | undefined;
  rows: readonly PredictionRow[];
  /** Of all rows, also those that are not loaded yet. */
  total: number;
  chosen: ReadonlySet<string>;
  onChoose: (keys: ReadonlySet<string>) => void;
  onOpen: (index: number) => void;
  /** Asked for when the last rows come into sight. */
  onNearEnd?: (() => void) | undefined;
};

/** Many images as tiles, of which only those in sight are drawn; a click chooses, with Shift a stretch of them. */
export function TileGrid({ project, settings, rows, total, chosen, onChoose, onOpen, onNearEnd }: Props) {
  const last = useRef<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const columns = useColumns(box);
  // eslint-disable-next-line react-hooks/incompatible-library -- its answers are read in this render only
  const virtual = useVirtualizer({
    count: Math.ceil(rows.length / columns),
    getScrollElement: () => box.current,
    estimateSize: () => TILE_HEIGHT,
    overscan: 2,
  });
  const lines = virtual.getVirtualItems();
  const lastLine = lines[lines.length - 1]?.index ?? 0;
  useEffect(() => {
    if ((lastLine + 2) * columns >= rows.length) onNearEnd?.();
  }, [lastLine, columns, rows.length, onNearEnd]);
  const choose = (index: number, isRange: boolean) => {
    const from = isRange && last.current !== null ? Math.min(last.current, index) : index;
    const to = isRange && last.current !== null ? Math.max(last.current, index) : index;
    const isOn = !chosen.has(rows[index]?.key ?? "");
    const next = new Set(chosen);
    for (const row of rows.slice(from, to + 1)) {
      if (isOn || isRange) next.add(row.key);
      else next.delete(row.key);
    }
    last.current = index;
    onChoose(next);
  };
  return (
    <div ref={box} className={css.tiles} role="group" aria-label={`${formatExact(total)} images`}>
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {lines.map((item) => (
          <div key={item.key} className={css.tileLine} style={{ transform: `translateY(${item.start}px)`, height: TILE_HEIGHT }}>
            {rows.slice(item.index * columns, (item.index + 1) * columns).map((row, at) => (
              <PredictionTile
                key={row.key}
                project={project}
                settings={settings}
                row={row}
                index={item.index * columns + at}
                isChosen={chosen.has(row.key)}
                onChoose={choose}
                onOpen={onOpen}
              />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Return how many tiles lie side by side. */
function useColumns(box: React.RefObject<HTMLDivElement | null>): number {
  const [columns, setColumns] = useState(4);
  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const look = () => setColumns(Math.max(1, Math.floor(place.clientWidth / TILE_WIDTH)));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(place);
    return () => observer.disconnect();
  }, [box]);
  return columns;
}
