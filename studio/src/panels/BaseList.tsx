import { useVirtualizer } from "@tanstack/react-virtual";
import { HardDrive } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";

import type { BaseItem } from "../api/types";
import { Badge, Empty } from "../kit/small";
import { formatParameters } from "../model/format";
import css from "./pickers.module.css";

type Props = {
  items: readonly BaseItem[];
  chosen: string | null;
  isRuns: boolean;
  onSelect: (id: string) => void;
  onChoose: (id: string) => void;
};

const ROW = 50;

/** The bases that were found; arrows select, Enter takes. */
export function BaseList({ items, chosen, isRuns, onSelect, onChoose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- rows are drawn by this component alone
  const rows = useVirtualizer({ count: items.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 8 });
  const at = items.findIndex((item) => item.id === chosen);
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at);
  }, [at, rows]);
  const keys = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1, PageDown: at + 8, PageUp: at - 8 }[event.key];
    const next = to === undefined ? undefined : items[Math.max(0, Math.min(items.length - 1, to))];
    if (event.key === "Enter" && at >= 0 && chosen) onChoose(chosen);
    else if (next) onSelect(next.id);
    else return;
    event.preventDefault();
  };
  if (items.length === 0) {
    return (
      <Empty title={isRuns ? "No finished run yet" : "No base fits these words"}>
        <p>{isRuns ? "A run of this project becomes a base once it is finished." : "Try fewer words, or another host."}</p>
      </Empty>
    );
  }
  return (
    <div
      ref={box}
      className={css.list}
      role="listbox"
      tabIndex={0}
      aria-label={`${items.length} bases`}
      aria-activedescendant={at >= 0 ? `base-${at}` : undefined}
      onKeyDown={keys}
    >
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map((row) => {
          const item = items[row.index];
          if (!item) return null;
          return (
            <div
              key={item.id}
              id={`base-${row.index}`}
              role="option"
              aria-selected={item.id === chosen}
              className={css.base}
              style={{ position: "absolute", top: 0, left: 0, right: 0, height: ROW, transform: `translateY(${row.start}px)` }}
              onClick={() => onSelect(item.id)}
              onDoubleClick={() => onChoose(item.id)}
            >
              <b>{item.title}</b>
              {item.available_offline ? (
                <Badge tone="ok">
                  <HardDrive size={11} aria-hidden /> on this machine
                </Badge>
              ) : (
                <small>to be fetched</small>
              )}
              <code>{item.id}</code>
              <small>
                {item.num_parameters === null ? "" : `${formatParameters(item.num_parameters)} · `}
                {item.license}
              </small>
            </div>
          );
        })}
      </div>
    </div>
  );
}
