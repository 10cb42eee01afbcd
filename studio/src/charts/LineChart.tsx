import { useId, useMemo, useState, useSyncExternalStore } from "react";
import { Table2 } from "lucide-react";

import { IconButton } from "../kit/Button";
import { formatNumber } from "../model/format";
import css from "./charts.module.css";
import { LineCanvas } from "./LineCanvas";
import { LineTable } from "./LineTable";
import type { Line, LineChartProps } from "./lines";

/** Lines over the course of training: drawn on a canvas, named in words, and there as a table too. */
export function LineChart(props: LineChartProps) {
  const { title, along = "Epoch", read, subscribe, version, show = formatNumber, empty } = props;
  const [isTable, setTable] = useState(false);
  const names = useNames(read, subscribe);
  const id = useId();
  const lines = useMemo(() => (names === "" ? [] : read()), [names, read]);
  return (
    <figure className={css.chart} aria-labelledby={id}>
      <figcaption className={css.head}>
        <span id={id} className={css.title}>
          {title}
        </span>
        <ul className={css.legend}>
          {lines.slice(0, 8).map((line) => (
            <li key={line.key}>
              <svg width={18} height={8} aria-hidden>
                <line x1={1} x2={17} y1={4} y2={4} stroke={`var(${line.color})`} strokeWidth={2} strokeDasharray={line.dash?.join(" ")} />
              </svg>
              {line.label}
            </li>
          ))}
          {lines.length > 8 ? <li>and {lines.length - 8} more</li> : null}
        </ul>
        <IconButton
          label={isTable ? "View as chart" : "View as table"}
          aria-pressed={isTable}
          whyNot={lines.length ? null : "There are no numbers yet."}
          onClick={() => setTable(!isTable)}
        >
          <Table2 size={14} />
        </IconButton>
      </figcaption>
      {lines.length === 0 ? (
        <p className={css.empty}>{empty}</p>
      ) : isTable ? (
        <LineTable caption={title} along={along} read={read} subscribe={subscribe} version={version} show={show} />
      ) : (
        <LineCanvas {...props} names={names} show={show} />
      )}
    </figure>
  );
}

/** Return the names of the lines that have points; a new line brings a new drawing. */
function useNames(read: () => Line[], subscribe: LineChartProps["subscribe"]): string {
  return useSyncExternalStore(subscribe ?? never, () => namesOf(read()));
}

const never = () => () => undefined;

const namesOf = (lines: readonly Line[]): string =>
  lines
    .filter((line) => line.xs.length > 0)
    .map((line) => `${line.key}:${line.color}`)
    .join("|");
