import { Lasso, Maximize, Table2, ZoomIn, ZoomOut } from "lucide-react";
import { useId, useMemo, useState } from "react";

import { IconButton } from "../kit/Button";
import { formatExact } from "../model/format";
import type { Ink } from "../model/ink";
import { type Window, GridIndex, countThere, windowOf, zoomed } from "../model/scatter";
import charts from "./charts.module.css";
import css from "./scatter.module.css";
import { ScatterField } from "./ScatterField";
import { ScatterTable } from "./ScatterTable";

export type Fact = { title: string; of: (index: number) => string };

export type ScatterProps = {
  label: string;
  x: Float32Array;
  y: Float32Array;
  /** Class of each point; its color. */
  color?: Uint8Array | undefined;
  /** Of each class; if not given the colors of lines. */
  palette?: readonly Ink[] | undefined;
  /** What is shown at first, where that is not just all points. */
  extent?: Window | undefined;
  /** Names of the points, for the table. */
  names?: readonly string[] | undefined;
  /** Further columns of the table. */
  facts?: readonly Fact[] | undefined;
  axes: { x: string; y: string };
  /** Both axes show the same stretch, with a line where they are equal. */
  diagonal?: boolean;
  /** The point under the pointer and where that is on the screen, or null. */
  onHover?: (index: number | null, at?: { x: number; y: number }) => void;
  /** The points in the loop that was drawn; none takes the choice back. */
  onSelect?: (indices: readonly number[]) => void;
  /** The chosen points, where who shows the chart keeps them. */
  selected?: readonly number[] | undefined;
  /** The point that was clicked. */
  onPick?: ((index: number) => void) | undefined;
  /** Points with a ring around them, the first one larger. */
  rings?: readonly number[] | undefined;
  /** What will fill it. */
  empty?: string;
};

/** Up to some hundred thousand points, painted pixel by pixel: pan, zoom, look at one, draw a loop around many. */
export function Scatter(props: ScatterProps) {
  const { label, x, y, color, palette, extent, names, facts, axes, diagonal = false, onHover, onSelect, selected, onPick, rings, empty = "There are no points yet." } = props;
  const id = useId();
  const points = useMemo(() => ({ x, y, color }), [x, y, color]);
  const index = useMemo(() => new GridIndex(points), [points]);
  const whole = useMemo(() => extent ?? windowOf(points, diagonal), [extent, points, diagonal]);
  const total = useMemo(() => countThere(points), [points]);
  const [moved, setMoved] = useState<{ of: Window; view: Window } | null>(null);
  const [chosen, setChosen] = useState<{ of: typeof points; indices: readonly number[] } | null>(null);
  const [isLasso, setLasso] = useState(false);
  const [isTable, setTable] = useState(false);
  // Other points are seen whole, and nothing of them is chosen.
  const view = moved?.of === whole ? moved.view : whole;
  const indices = selected ?? (chosen?.of === points ? chosen.indices : []);
  const setView = (next: Window) => setMoved({ of: whole, view: next });
  const choose = (found: readonly number[]) => {
    setChosen({ of: points, indices: found });
    onSelect?.(found);
  };
  const whyNot = isTable ? "The table is shown." : x.length ? null : empty;
  return (
    <figure className={charts.chart} aria-labelledby={id}>
      <figcaption className={charts.head}>
        <span id={id} className={charts.title}>
          {label}
        </span>
        <span className={css.count}>
          {indices.length ? `${formatExact(indices.length)} of ${formatExact(total)} chosen` : `${formatExact(total)} points`}
        </span>
        <span className={css.tools}>
          {onSelect ? (
            <IconButton label="Choose by drawing a loop" keys="Shift+drag" aria-pressed={isLasso} whyNot={whyNot} onClick={() => setLasso(!isLasso)}>
              <Lasso size={14} />
            </IconButton>
          ) : null}
          <IconButton label="Zoom in" keys="+" whyNot={whyNot} onClick={() => setView(zoomed(view, 1.5, whole))}>
            <ZoomIn size={14} />
          </IconButton>
          <IconButton label="Zoom out" keys="−" whyNot={whyNot} onClick={() => setView(zoomed(view, 1 / 1.5, whole))}>
            <ZoomOut size={14} />
          </IconButton>
          <IconButton label="Show all points" keys="0" whyNot={whyNot} onClick={() => setView(whole)}>
            <Maximize size={14} />
          </IconButton>
          <IconButton label={isTable ? "View as chart" : "View as table"} aria-pressed={isTable} whyNot={x.length ? null : empty} onClick={() => setTable(!isTable)}>
            <Table2 size={14} />
          </IconButton>
        </span>
      </figcaption>
      {x.length === 0 ? (
        <p className={charts.empty}>{empty}</p>
      ) : isTable ? (
        <ScatterTable label={label} points={points} names={names} facts={facts} axes={axes} chosen={indices} />
      ) : (
        <ScatterField
          label={label}
          points={points}
          index={index}
          palette={palette}
          total={total}
          rings={rings}
          axes={axes}
          isDiagonal={diagonal}
          whole={whole}
          view={view}
          onView={setView}
          chosen={indices}
          isLasso={isLasso}
          onHover={onHover}
          onPick={onPick}
          onChoose={onSelect ? choose : undefined}
        />
      )}
    </figure>
  );
}
