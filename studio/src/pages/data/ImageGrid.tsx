import { useVirtualizer } from "@tanstack/react-virtual";
import { ImageOff } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useRef, useState } from "react";

import { Button } from "../../kit/Button";
import { Busy, Empty } from "../../kit/small";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { exclude, restore } from "./acts";
import css from "./data.module.css";
import type { Selection } from "./selection";
import { ALL, type Filter, type OpenData } from "./open";
import { Tile } from "./Tile";
import type { Samples } from "./useSamples";
import { useWidth } from "./useWidth";

type Props = {
  data: OpenData;
  samples: Samples;
  selection: Selection;
  onSelection: (selection: Selection) => void;
  onOpen: (index: number) => void;
  onFilter: (filter: Filter) => void;
};

const TILE = 118;
const ROW = 146;

/** The images, drawn as far as they are in sight. Arrows move, Space selects, Shift extends, Enter opens, Delete excludes. */
export function ImageGrid({ data, samples, selection, onSelection, onOpen, onFilter }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const columns = Math.max(2, Math.floor((width - 8) / TILE));
  const total = samples.total ?? 0;
  const [cursor, setCursor] = useState(0);
  const [anchor, setAnchor] = useState(0);
  // eslint-disable-next-line react-hooks/incompatible-library -- rows are drawn by this component alone
  const rows = useVirtualizer({
    count: Math.ceil(total / columns),
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 3,
  });
  const seen = rows.getVirtualItems();
  const first = (seen[0]?.index ?? 0) * columns;
  const last = Math.max(0, Math.min(total, ((seen.at(-1)?.index ?? 0) + 1) * columns) - 1);
  const { want } = samples;
  useEffect(() => want(first, last), [want, first, last]);

  const pick = (index: number, how: "one" | "toggle" | "range") => {
    const next = new Map(how === "one" ? [] : selection);
    const from = how === "range" ? Math.min(anchor, index) : index;
    const to = how === "range" ? Math.max(anchor, index) : index;
    for (let at = from; at <= to; at += 1) {
      const row = samples.rowAt(at);
      if (!row) continue;
      if (how === "toggle" && next.has(row.key)) next.delete(row.key);
      else next.set(row.key, row);
    }
    setCursor(index);
    if (how !== "range") setAnchor(index);
    onSelection(next);
  };
  const chosen = () => {
    const row = samples.rowAt(cursor);
    return selection.size ? [...selection.values()] : row ? [row] : [];
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, PageDown: 4 * columns, PageUp: -4 * columns }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? total - 1 : step === undefined ? null : cursor + step;
    if (to !== null) {
      const index = Math.max(0, Math.min(total - 1, to));
      if (event.shiftKey) pick(index, "range");
      else setCursor(index);
      rows.scrollToIndex(Math.floor(index / columns));
    } else if (event.key === " ") pick(cursor, "toggle");
    else if (event.key === "Enter") onOpen(cursor);
    else if (event.key === "Delete" || event.key === "Backspace") exclude(data.node.id, chosen());
    else if (event.key === "Insert") restore(data.node.id, chosen());
    else if (event.key === "Escape" && selection.size) onSelection(new Map());
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const click = useLatest((index: number, event: MouseEvent) =>
    pick(index, event.shiftKey ? "range" : event.ctrlKey || event.metaKey ? "toggle" : "one"),
  );
  const open = useLatest(onOpen);

  return (
    <div
      ref={box}
      className={css.grid}
      {...(seen.length ? listbox(total, cursor) : { role: "region", "aria-label": "Images" })}
      tabIndex={0}
      aria-busy={data.isBehind}
      onKeyDown={keys}
    >
      {samples.error ? <RefusalNotice error={samples.error} onRetry={samples.retry} /> : null}
      {samples.total === undefined && !samples.error ? <Busy what="Listing the images…" /> : null}
      {samples.total === 0 ? (
        <Empty icon={<ImageOff size={22} aria-hidden />} title="No image fits">
          <p>Nothing in this data is shown by these choices.</p>
          <Button onClick={() => onFilter(ALL)}>Show all images</Button>
        </Empty>
      ) : null}
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {seen.map((line) => (
          <div
            key={line.key}
            role="presentation"
            className={css.line}
            style={{ transform: `translateY(${line.start}px)`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, height: ROW }}
          >
            {Array.from({ length: Math.min(columns, total - line.index * columns) }, (_, column) => {
              const index = line.index * columns + column;
              const row = samples.rowAt(index);
              return (
                <Tile
                  key={index}
                  index={index}
                  project={data.project}
                  settings={data.settings}
                  row={row}
                  isSelected={row ? selection.has(row.key) : false}
                  isCursor={index === cursor}
                  onClick={click}
                  onOpen={open}
                />
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

/** A list box is one only once it has options. */
const listbox = (total: number, cursor: number) => ({
  role: "listbox",
  "aria-multiselectable": true,
  "aria-label": `${total} images. Arrows move, Space selects, Enter opens, Delete excludes.`,
  "aria-activedescendant": `image-${cursor}`,
});

/** A function that stays the same one and does what the newest one does. */
function useLatest<A extends unknown[]>(act: (...args: A) => void): (...args: A) => void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  return useCallback((...args: A) => latest.current(...args), []);
}
