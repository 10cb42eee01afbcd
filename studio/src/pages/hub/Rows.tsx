import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";

import css from "./hub.module.css";

type Props<T> = { items: readonly T[]; keyOf: (item: T) => string; height: number; label: string; children: (item: T) => ReactNode };

/** A long list of which only what is in sight is drawn; rows may grow. */
export function Rows<T>({ items, keyOf, height, label, children }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- rows are drawn by this component alone
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    getItemKey: (index) => keyOf(items[index] as T),
    overscan: 6,
  });
  return (
    <div ref={box} className={css.rows} tabIndex={-1}>
      <ul aria-label={label} style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map((row) => {
          const item = items[row.index];
          return item === undefined ? null : (
            <li
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              aria-setsize={items.length}
              aria-posinset={row.index + 1}
              style={{ position: "absolute", top: 0, left: 0, width: "100%", transform: `translateY(${row.start}px)` }}
            >
              {children(item)}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
