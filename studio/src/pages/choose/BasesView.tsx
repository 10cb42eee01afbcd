import { ListOrdered, Plus, Square } from "lucide-react";
import { Suspense, useState } from "react";

import type { RankMeasure } from "../../api/types";
import { Button } from "../../kit/Button";
import { SelectField } from "../../kit/Field";
import { lazily } from "../../kit/lazily";
import { Busy, Empty, Notice, Progress } from "../../kit/small";
import { disagreement, measuresOf, protocolWords, shortName } from "../../model/ranking";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { useDoc } from "../../store/doc";
import { rankBases, type RankingNow, stopRanking, useRanking } from "../../store/ranking";
import { Card } from "../run/Card";
import css from "./bases.module.css";
import { CostScatter } from "./CostScatter";
import { RankChecks } from "./RankChecks";
import { RankTable } from "./RankTable";
import type { ViewProps } from "../FlowViews";

const BasePicker = lazily(() => import("../../panels/BasePicker").then((file) => ({ default: file.BasePicker })));

/** Which base: candidates measured on the flow's images before any training, and checked by runs afterwards. */
export default function BasesView({ project }: ViewProps) {
  const flow = useDoc((state) => state.flow);
  const now = useRanking(project, flow);
  const [isPicking, setPicking] = useState(false);
  const known = now.ranking?.bases.map(({ base }) => base) ?? [];
  const add = (base: string) => void rankBases(project, flow, [...new Set([...known, base])]);
  if (now.error) return <RefusalNotice error={now.error} onRetry={now.again} />;
  if (!now.isKnown) return <Busy what="Looking for a ranking…" />;
  return (
    <>
      <Bar now={now} onStart={() => void rankBases(project, flow, null)} onAdd={() => setPicking(true)} />
      {now.ranking ? <Ranked project={project} now={now} /> : now.isGoing ? null : <Nothing />}
      {isPicking ? (
        <Suspense fallback={null}>
          <BasePicker project={project} value={null} onChoose={add} onClose={() => setPicking(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

type BarProps = { now: RankingNow; onStart: () => void; onAdd: () => void };

function Bar({ now, onStart, onAdd }: BarProps) {
  const { ranking, isGoing } = now;
  const done = ranking?.bases.length ?? 0;
  const busy = isGoing ? "Bases are being measured." : null;
  return (
    <div className={css.bar}>
      <Button look={ranking ? "plain" : "primary"} whyNot={busy} onClick={onStart}>
        <ListOrdered size={13} aria-hidden /> {ranking ? "Rank the bases at hand again" : "Rank the bases at hand"}
      </Button>
      <Button whyNot={busy} onClick={onAdd}>
        <Plus size={13} aria-hidden /> {ranking ? "Rank another base too…" : "Rank a base of my choice…"}
      </Button>
      {isGoing ? (
        <>
          <Button onClick={stopRanking}>
            <Square size={12} aria-hidden /> Stop
          </Button>
          <span className={css.progress}>
            <Busy what={ranking?.status === "running" ? `${done} of ${ranking.total} bases are measured…` : "The images are being opened…"} />
            <Progress share={ranking?.status === "running" ? done / ranking.total : 0} label="Bases that are measured" />
          </span>
        </>
      ) : null}
    </div>
  );
}

function Nothing() {
  return (
    <Empty icon={<ListOrdered size={28} aria-hidden />} title="Which base suits these images?">
      <p>
        Each base looks once at a sample of the training and validation images. What it sees is measured before anything is trained: LogME, k-NN, a linear
        probe and more, with what the base costs. An untrained twin stands beside them as a control. Runs on the same images check the ranking afterwards.
      </p>
    </Empty>
  );
}

function Ranked({ project, now }: { project: string; now: RankingNow }) {
  const ranking = now.ranking!;
  const [chosen, setBy] = useState<RankMeasure | null>(null);
  const by = chosen ?? ranking.by;
  const options = measuresOf(ranking).map(({ name, words }) => [name, words] as const);
  const meaning = ranking.measures.find(({ name }) => name === by);
  if (ranking.bases.length === 0) return null;
  const isCut = ranking.status !== "finished" && !now.isGoing;
  return (
    <>
      {isCut ? <Notice tone="info">{`${ranking.bases.length} of ${ranking.total} bases were measured before it was stopped. Ranking again goes on from there.`}</Notice> : null}
      <Card
        title={ranking.best ? `${shortName(ranking.picks[by] ?? ranking.best)} is first` : "Ranking"}
        aside={<SelectField label="Ordered by" value={by} options={options} onChange={(event) => setBy(event.target.value as RankMeasure)} />}
      >
        <p className={css.quiet}>{`${meaning?.meaning ?? ""} ${meaning?.has_scale ? "" : "Its values compare bases on these labels and nothing else."}`}</p>
        <RankTable ranking={ranking} by={by} onBy={setBy} />
        <p>{disagreement(ranking, by)}</p>
        <p className={css.quiet}>{[protocolWords(ranking), by === ranking.by ? ranking.reason : "", ...ranking.notes].filter(Boolean).join(" ")}</p>
      </Card>
      <CostScatter ranking={ranking} by={by} />
      <RankChecks project={project} now={now} by={by} />
    </>
  );
}
