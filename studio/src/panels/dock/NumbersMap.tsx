import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import type { PredictionRow, RunCard, RunRecord } from "../../api/types";
import { Scatter } from "../../charts/Scatter";
import { Progress } from "../../kit/small";
import { formatExact, formatNumber } from "../../model/format";
import { furthestFirst, numberNames, pairsOf } from "../../model/numbers";
import { thumbnailUrl } from "../../model/thumbnails";
import { MOST_ROWS, useNumbers } from "../../store/numbers";
import { askRun } from "../../store/predictions";
import { RefusalNotice } from "../RefusalNotice";
import css from "./numbers.module.css";
import { NumbersPicked } from "./NumbersPicked";

type Split = "test" | "validation";
type Props = { project: string; card: RunCard; record: RunRecord };
type Hovered = { row: PredictionRow; x: number; y: number };

/** True against predicted numbers, a point for each image; the images of a loop are listed beside it. */
export default function NumbersMap({ project, card, record }: Props) {
  const splits = (["test", "validation"] as const).filter((one) => record.metrics[one]?.kind === "number");
  const [split, setSplit] = useState<Split>(splits[0] ?? "test");
  const [attempt, setAttempt] = useState(0);
  const [wanted, setWanted] = useState<string | null>(null);
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const [chosen, setChosen] = useState<{ of: unknown; indices: readonly number[] }>({ of: null, indices: [] });
  const { rows, total, isAll, error } = useNumbers(project, card.id, split, attempt);
  const settings = useQuery(askRun.images(project, card.id));
  const names = useMemo(() => numberNames(rows, record.data?.label_names), [rows, record.data?.label_names]);
  const name = wanted !== null && names.includes(wanted) ? wanted : (names[0] ?? "");
  const { x, y, kept } = useMemo(() => pairsOf(rows, name), [rows, name]);
  const keys = useMemo(() => kept.map((row) => row.key), [kept]);
  const onHover = useCallback(
    (index: number | null, at?: { x: number; y: number }) => {
      const row = index === null ? undefined : kept[index];
      setHovered(row && at ? { row, ...at } : null);
    },
    [kept],
  );
  const onSelect = useCallback((indices: readonly number[]) => setChosen({ of: kept, indices }), [kept]);
  const picked = useMemo(
    () => (chosen.of === kept ? furthestFirst(chosen.indices.flatMap((index) => kept[index] ?? []), name) : []),
    [chosen, kept, name],
  );
  if (error && rows.length === 0) return <RefusalNotice error={error} onRetry={() => setAttempt(attempt + 1)} />;
  return (
    <div className={css.map}>
      <div className={css.plot}>
        <div className={css.tools}>
          <select aria-label="Split" className={css.select} value={split} onChange={(event) => setSplit(event.target.value as Split)}>
            {splits.map((one) => (
              <option key={one} value={one}>
                {one === "test" ? "Test images" : "Validation images"}
              </option>
            ))}
          </select>
          {names.length > 1 ? (
            <select aria-label="Number" className={css.select} value={name} onChange={(event) => setWanted(event.target.value)}>
              {names.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          ) : null}
          <Loaded shown={rows.length} total={total} isAll={isAll} />
          {error ? <RefusalNotice error={error} onRetry={() => setAttempt(attempt + 1)} /> : null}
        </div>
        <Scatter
          label={`${name || "Numbers"}: predicted against true`}
          x={x}
          y={y}
          names={keys}
          axes={{ x: `True ${name}`, y: `Predicted ${name}` }}
          diagonal
          onHover={onHover}
          onSelect={onSelect}
          empty={isAll ? "The run has no predictions of this split." : "Reading the predictions…"}
        />
      </div>
      <NumbersPicked project={project} run={card.id} settings={settings.data} rows={picked} name={name} />
      {hovered && settings.data ? <HoverCard project={project} settings={settings.data} hovered={hovered} name={name} /> : null}
    </div>
  );
}

/** How many of the predictions are there, in words. */
function Loaded({ shown, total, isAll }: { shown: number; total: number | null; isAll: boolean }) {
  if (total === null) return null;
  const all = Math.min(total, MOST_ROWS);
  if (!isAll) {
    return (
      <span className={css.loading}>
        <Progress share={shown / all} label="Predictions read" />
        {formatExact(shown)} of {formatExact(all)}
      </span>
    );
  }
  if (total <= shown) return null;
  return <span className={css.quiet}>The first {formatExact(shown)} of {formatExact(total)} images, by key.</span>;
}

const CARD_WIDTH = 190;
type CardProps = { project: string; settings: Record<string, unknown>; hovered: Hovered; name: string };

/** What a point is, beside the pointer. */
function HoverCard({ project, settings, hovered: { row, x, y }, name }: CardProps) {
  const said = row.values[name] ?? NaN;
  const truth = row.label_values[name] ?? NaN;
  const isRight = x + CARD_WIDTH + 24 < window.innerWidth;
  return (
    <div className={css.card} style={{ left: isRight ? x + 14 : x - CARD_WIDTH - 14, top: Math.max(8, Math.min(y + 14, window.innerHeight - 240)), width: CARD_WIDTH }}>
      <img src={thumbnailUrl(project, settings, row, 128)} alt={row.key} />
      <strong title={row.key}>{row.key}</strong>
      <span>
        true {formatNumber(truth)}, predicted {formatNumber(said)}
      </span>
      <span>off by {formatNumber(Math.abs(said - truth))}</span>
    </div>
  );
}
