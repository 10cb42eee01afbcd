import { Check, CircleSlash, Tag, TriangleAlert } from "lucide-react";
import { type MouseEvent, memo } from "react";

import type { ImagesSettings, SampleRow } from "../../api/types";
import css from "./data.module.css";
import { Thumbnail } from "./Thumbnail";

type Props = {
  index: number;
  project: string;
  settings: ImagesSettings;
  row: SampleRow | undefined;
  isSelected: boolean;
  isCursor: boolean;
  onClick: (index: number, event: MouseEvent) => void;
  onOpen: (index: number) => void;
};

/** One image of the grid, with what is to be known about it. */
export const Tile = memo(
  function Tile({ index, project, settings, row, isSelected, isCursor, onClick, onOpen }: Props) {
    if (!row) return <div className={css.tile} id={`image-${index}`} role="option" aria-selected={false} aria-label="Loading" />;
    const name = row.key.split("/").at(-1) ?? row.key;
    const words = [row.key, row.label.join(", "), row.is_excluded ? "excluded" : "", row.problem ?? ""].filter(Boolean).join("; ");
    return (
      <div
        id={`image-${index}`}
        role="option"
        aria-selected={isSelected}
        title={words}
        className={css.tile}
        data-cursor={isCursor || undefined}
        data-excluded={row.is_excluded || undefined}
        onClick={(event) => onClick(index, event)}
        onDoubleClick={() => onOpen(index)}
      >
        <span className="sr-only">{words}</span>
        <span className={css.picture}>
          <Thumbnail project={project} settings={settings} row={row} pixels={110} alt="" />
          {isSelected ? (
            <span className={css.check}>
              <Check size={12} aria-hidden />
            </span>
          ) : null}
          <span className={css.marks}>
            {row.is_excluded ? <CircleSlash size={13} aria-hidden data-tone="warning" /> : null}
            {row.found_label ? <Tag size={13} aria-hidden data-tone="accent" /> : null}
            {row.problem ? <TriangleAlert size={13} aria-hidden data-tone="error" /> : null}
          </span>
        </span>
        <span className={css.name}>{name}</span>
        <span className={css.label} data-changed={row.found_label ? true : undefined}>
          {row.is_excluded ? "excluded" : row.label.join(", ") || row.split}
        </span>
      </div>
    );
  },
  (a, b) =>
    a.isSelected === b.isSelected &&
    a.isCursor === b.isCursor &&
    a.settings.source === b.settings.source &&
    a.index === b.index &&
    JSON.stringify(a.row) === JSON.stringify(b.row),
);
