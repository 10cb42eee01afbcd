import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import type { PredictionRow, RunCard } from "../../api/types";
import { Busy } from "../../kit/small";
import type { PredictionQuestion } from "../../model/confusion";
import { askRun } from "../../store/predictions";
import { RefusalNotice } from "../RefusalNotice";
import { CorrectionBar } from "./CorrectionBar";
import { PredictionDetail } from "./PredictionDetail";
import css from "./results.module.css";
import { TileGrid } from "./TileGrid";

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
  const total = pages.data?.pages[0]?.total ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (pages.error) return <RefusalNotice error={pages.error} onRetry={() => void pages.refetch()} />;
  if (pages.isPending) return <Busy what="Looking for images…" />;
  if (rows.length === 0) return <None question={question} />;
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
      <TileGrid project={project} settings={settings.data} rows={rows} total={total} chosen={chosen} onChoose={setChosen} onOpen={setShown} onNearEnd={onNearEnd} />
      <Detail project={project} run={card.id} settings={settings.data} rows={rows} shown={shown} onShow={setShown} />
    </div>
  );
}

type DetailProps = {
  project: string;
  run: string;
  settings: Record<string, unknown> | undefined;
  rows: readonly PredictionRow[];
  shown: number | null;
  onShow: (index: number | null) => void;
};

function Detail({ project, run, settings, rows, shown, onShow }: DetailProps) {
  const row = shown === null ? undefined : rows[shown];
  if (shown === null || !row) return null;
  const step = (by: number) => onShow(Math.min(rows.length - 1, Math.max(0, shown + by)));
  return <PredictionDetail project={project} run={run} settings={settings} row={row} place={`${shown + 1} of ${rows.length}`} onStep={step} onClose={() => onShow(null)} />;
}
