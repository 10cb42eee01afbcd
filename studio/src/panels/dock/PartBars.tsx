import { Flame, Snowflake, Table2 } from "lucide-react";
import { useEffect, useMemo, useReducer, useState } from "react";

import { type Bar, Bars } from "../../charts/Bars";
import charts from "../../charts/charts.module.css";
import { LineTable } from "../../charts/LineTable";
import { IconButton } from "../../kit/Button";
import { formatNumber, formatPercent } from "../../model/format";
import type { RunLog } from "../../model/runlog";
import css from "./dock.module.css";
import { partLines, partsOf, withFrozenJoined } from "./curves";

type Kind = "gradient" | "movement";
type Props = { log: RunLog; subscribe: (draw: () => void) => () => void; kind: Kind };

const WORDS: Record<Kind, { title: string; empty: string }> = {
  gradient: { title: "Gradient of each part", empty: "The size of each part's gradient appears here as it trains." },
  movement: { title: "How far each part moved", empty: "How far each part's weights moved from where they began appears here after the first epoch." },
};

/** One bar for each part of the network; frozen parts say so instead of a number. */
export function PartBars({ log, subscribe, kind }: Props) {
  const [, again] = useReducer((count: number) => count + 1, 0);
  const [isTable, setTable] = useState(false);
  useEffect(() => subscribe(again), [subscribe]);
  const { title, empty } = WORDS[kind];
  const read = useMemo(() => () => partLines(log, `${kind}:`, 100), [log, kind]);
  const hasAny = log.names(`${kind}:`).length > 0;
  const show = kind === "movement" ? (value: number) => formatPercent(value, 2) : formatNumber;
  const bars: Bar[] = withFrozenJoined(partsOf(log.plan, log)).map(({ name, isFrozen }) => {
    const value = log.column(`${kind}:${name}`)?.last ?? null;
    const Icon = isFrozen ? Snowflake : Flame;
    return {
      key: name,
      label: (
        <>
          <Icon size={12} aria-hidden className={isFrozen ? css.frozen : css.trainable} />
          {name}
        </>
      ),
      value: value ?? 0,
      color: isFrozen ? "--frozen" : "--trainable",
      text: isFrozen ? "frozen" : value === null ? "not yet" : show(value),
    };
  });
  return (
    <figure className={charts.chart} aria-label={title}>
      <figcaption className={charts.head}>
        <span className={charts.title}>{title}</span>
        <span className={charts.legend}>log scale</span>
        <IconButton label={isTable ? "View as bars" : "View as table"} aria-pressed={isTable} whyNot={hasAny ? null : "There are no numbers yet."} onClick={() => setTable(!isTable)}>
          <Table2 size={14} />
        </IconButton>
      </figcaption>
      {!hasAny ? (
        <p className={charts.empty}>{empty}</p>
      ) : isTable ? (
        <LineTable caption={title} along="Epoch" read={read} subscribe={subscribe} show={show} />
      ) : (
        <div className={css.scroll} tabIndex={0} role="region" aria-label={`${title}, list`}>
          <Bars title={title} bars={bars} isLog />
        </div>
      )}
    </figure>
  );
}
