import { type KeyboardEvent, useRef, useState } from "react";

import { formatPercent } from "../model/format";
import { type Cell, confusedPairs, moved, normalized, tint } from "../model/confusion";
import css from "./charts.module.css";

/** Above this many classes only the confused pairs are listed: nobody reads a wall of cells. */
const MOST_CLASSES = 40;

type Props = {
  classes: readonly string[];
  /** Row: label, column: predicted label. */
  counts: readonly (readonly number[])[];
  isNormalized: boolean;
  selected: Cell | null;
  onSelect: (cell: Cell) => void;
};

/** Labels against predicted labels. Arrow keys move between cells; Enter shows a cell's images. */
export function Confusion({ classes, counts, isNormalized, selected, onSelect }: Props) {
  const table = useRef<HTMLTableElement>(null);
  const [focus, setFocus] = useState<Cell>(selected ?? { row: 0, column: 0 });
  if (classes.length > MOST_CLASSES) return <Pairs classes={classes} counts={counts} onSelect={onSelect} />;
  const shares = normalized(counts);
  const onKey = (event: KeyboardEvent) => {
    const next = moved(focus, event.key, classes.length);
    if (!next) return;
    event.preventDefault();
    setFocus(next);
    table.current?.querySelector<HTMLElement>(`[data-cell="${next.row},${next.column}"]`)?.focus();
  };
  return (
    <table className={css.matrix} ref={table} onKeyDown={onKey}>
      <caption className="sr-only">Confusion matrix. Rows: label; columns: predicted label.</caption>
      <thead>
        <tr>
          <th scope="col">label \ predicted</th>
          {classes.map((name) => (
            <th scope="col" key={name} title={name}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {classes.map((label, row) => (
          <tr key={label}>
            <th scope="row" title={label}>
              {label}
            </th>
            {classes.map((predicted, column) => {
              const count = counts[row]?.[column] ?? 0;
              const share = shares[row]?.[column] ?? 0;
              const isHere = focus.row === row && focus.column === column;
              return (
                <td key={predicted}>
                  <button
                    type="button"
                    className={css.cell}
                    data-cell={`${row},${column}`}
                    tabIndex={isHere ? 0 : -1}
                    aria-pressed={selected?.row === row && selected.column === column}
                    aria-label={`label ${label}, predicted ${predicted}: ${count} images, ${formatPercent(share)} of the row`}
                    style={{
                      ["--cell-color" as string]: row === column ? "var(--accent)" : "var(--error)",
                      ["--tint" as string]: `${tint(share)}%`,
                    }}
                    onFocus={() => setFocus({ row, column })}
                    onClick={() => onSelect({ row, column })}
                  >
                    {isNormalized ? formatPercent(share, 0) : count}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Pairs({ classes, counts, onSelect }: Pick<Props, "classes" | "counts" | "onSelect">) {
  const pairs = confusedPairs(counts);
  if (pairs.length === 0) return <p className={css.empty}>No class was taken for another.</p>;
  return (
    <table className={css.table}>
      <caption>
        {classes.length} classes are too many for a matrix: the {pairs.length} commonest confusions.
      </caption>
      <thead>
        <tr>
          <th scope="col">Label</th>
          <th scope="col">Predicted</th>
          <th scope="col">Images</th>
        </tr>
      </thead>
      <tbody>
        {pairs.map((pair) => (
          <tr key={`${pair.row},${pair.column}`}>
            <th scope="row">{classes[pair.row]}</th>
            <td>{classes[pair.column]}</td>
            <td>
              <button type="button" className={css.cell} onClick={() => onSelect(pair)}>
                {pair.count}
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
