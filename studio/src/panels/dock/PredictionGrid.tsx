import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";

import type { PredictionRow, RunCard } from "../../api/types";
import { Busy } from "../../kit/small";
import type { PredictionQuestion } from "../../model/confusion";
import { formatExact } from "../../model/format";
import { askRun } from "../../store/predictions";
import { RefusalNotice } from "../RefusalNotice";
import { CorrectionBar } from "./CorrectionBar";
import { PredictionDetail } from "./PredictionDetail";
import { PredictionTile } from "./PredictionTile";
import css from "./results.module.css";

const TILE_WIDTH = 116;
const TILE_HEIGHT = 148;

type Props = { project: string; card: RunCard; classes: readonly string[]; question: PredictionQuestion };

/** No image: which for the wrong ones is good news. */
function None({ question }: { question: PredictionQuestion }) {
  const isAboutAll = question.only === "wrong" && !question.label && !question.predicted;
  const words = isAboutAll ? `Every ${question.split} image was told right. To see them, show all.` : "No image fits. Change what is shown above.";
  return <p className={css.hint}>{words}</p>;
}

/** The images that fit a question, loaded as they come into sight; chosen ones can be relabeled or left out. */
export function PredictionGrid({ project, card, classes, question }: Props) {
  const pages = useInfiniteQuery(askRun.predictions(project, card.id, question));
  const settings = useQuery(askRun.images(project, card.id));
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.rows) ?? [], [pages.data]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<number | null>(null);
  const last = useRef<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const columns = useColumns(box, rows.length > 0);
  const total = pages.data?.pages[0]?.total ?? 0;
  // eslint-disable-next-line react-hooks/incompatible-library -- its answers are read in this render only
  const virtual = useVirtualizer({
    count: Math.ceil(rows.length / columns),
    getScrollElement: () => box.current,
    estimateSize: () => TILE_HEIGHT,
    overscan: 2,
  });
  const lines = virtual.getVirtualItems();
  const lastLine = lines[lines.length - 1]?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && (lastLine + 2) * columns >= rows.length) void fetchNextPage();
  }, [lastLine, columns, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (pages.error) return <RefusalNotice error={pages.error} onRetry={() => void pages.refetch()} />;
  if (pages.isPending) return <Busy what="Looking for images…" />;
  if (rows.length === 0) return <None question={question} />;
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
    setChosen(next);
  };
  const picked = rows.filter((row) => chosen.has(row.key));
  return (
    <div className={css.grid}>
      <CorrectionBar
        project={project}
        card={card}
        classes={classes}
        rows={picked}
        all={rows}
        total={total}
        onChoose={(keys) => setChosen(new Set(keys))}
      />
      <div ref={box} className={css.tiles} role="group" aria-label={`${formatExact(total)} images`}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {lines.map((item) => (
            <div key={item.key} className={css.tileLine} style={{ transform: `translateY(${item.start}px)`, height: TILE_HEIGHT }}>
              {rows.slice(item.index * columns, (item.index + 1) * columns).map((row, at) => (
                <PredictionTile
                  key={row.key}
                  project={project}
                  settings={settings.data}
                  row={row}
                  index={item.index * columns + at}
                  isChosen={chosen.has(row.key)}
                  onChoose={choose}
                  onOpen={setShown}
                />
              ))}
            </div>
          ))}
        </div>
      </div>
      <Detail project={project} settings={settings.data} rows={rows} shown={shown} onShow={setShown} />
    </div>
  );
}

type DetailProps = {
  project: string;
  settings: Record<string, unknown> | undefined;
  rows: readonly PredictionRow[];
  shown: number | null;
  onShow: (index: number | null) => void;
};

function Detail({ project, settings, rows, shown, onShow }: DetailProps) {
  const row = shown === null ? undefined : rows[shown];
  if (shown === null || !row) return null;
  const step = (by: number) => onShow(Math.min(rows.length - 1, Math.max(0, shown + by)));
  return <PredictionDetail project={project} settings={settings} row={row} place={`${shown + 1} of ${rows.length}`} onStep={step} onClose={() => onShow(null)} />;
}

/** Return how many tiles lie side by side. */
function useColumns(box: React.RefObject<HTMLDivElement | null>, isThere: boolean): number {
  const [columns, setColumns] = useState(4);
  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const look = () => setColumns(Math.max(1, Math.floor(place.clientWidth / TILE_WIDTH)));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(place);
    return () => observer.disconnect();
  }, [box, isThere]);
  return columns;
}
