import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Evaluation, RunCard, RunRecord } from "../../../api/types";
import { ResidualPlot } from "../../../charts/ResidualPlot";
import { Button } from "../../../kit/Button";
import { Busy, Notice } from "../../../kit/small";
import { evaluatedParts } from "../../../model/evaluation";
import { formatPlural } from "../../../model/format";
import { intervalWords, partTable, scoreRows } from "../../../model/scores";
import { scoreWords } from "../../../model/told";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { type Looked, askEvaluation } from "../../../store/evaluation";
import { Card } from "../Card";
import { PlacesGrid } from "../inside/PlacesView";
import { CalibrationCard, ConfidenceBars } from "./CalibrationCard";
import { CurvesCard } from "./CurvesCard";
import css from "./evaluation.module.css";
import { MistakesCard } from "./MistakesCard";
import { MovedImages } from "./MovedImages";
import { OtherData } from "./OtherData";
import { PartsTable } from "./PartsTable";
import { SlicesCard } from "./SlicesCard";

type Props = { project: string; card: RunCard; record: RunRecord };

/** How good the run is, where it is not, and how far its probabilities can be trusted. */
export default function EvaluationTab({ project, card, record }: Props) {
  const splits = (["test", "validation"] as const).filter((one) => record.metrics[one]);
  const [looked, setLooked] = useState<Looked>({ split: splits[0] ?? "test", on: null });
  const [isChoosing, setChoosing] = useState(false);
  const others = useQuery(askEvaluation.others(project, card.id));
  const isOfMasks = Object.values(record.metrics).some((scores) => scores.kind === "mask");
  if (isOfMasks) return <Masks project={project} card={card} record={record} />;
  const look = (value: string) => setLooked(splits.includes(value as "test") ? { split: value as "test", on: null } : { split: "test", on: value });
  return (
    <div className={css.page}>
      <div className={css.tools}>
        <label className={css.quiet} htmlFor="looked-at">
          Looked at
        </label>
        <select id="looked-at" className={css.select} value={looked.on ?? looked.split} onChange={(event) => look(event.target.value)}>
          {splits.map((one) => (
            <option key={one} value={one}>
              {one === "test" ? "Test images" : "Validation images"}
            </option>
          ))}
          {others.data?.map((one) => (
            <option key={one.id} value={one.id}>
              {one.source}
            </option>
          ))}
        </select>
        <Button onClick={() => setChoosing(true)}>Evaluate on other data…</Button>
      </div>
      <Looks key={looked.on ?? looked.split} project={project} card={card} record={record} looked={looked} />
      {isChoosing ? (
        <OtherData
          project={project}
          run={card.id}
          onDone={(found) => {
            setChoosing(false);
            setLooked({ split: "test", on: found.id });
          }}
          onClose={() => setChoosing(false)}
        />
      ) : null}
    </div>
  );
}

function Looks({ project, card, record, looked }: Props & { looked: Looked }) {
  const found = useQuery(askEvaluation.evaluation(project, card.id, looked));
  const own = looked.on ? undefined : record.metrics[looked.split];
  const table = own ? partTable(own) : null;
  if (found.error) return <RefusalNotice error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) {
    return (
      <>
        <Busy what="Looking at the predictions and their images…" />
        {table ? (
          <Card title="Scores">
            <PartsTable table={table} />
          </Card>
        ) : null}
      </>
    );
  }
  return <Found project={project} card={card} record={record} found={found.data} />;
}

const isAboutImages = (note: string): boolean => note.startsWith("Slices by image properties want");

function Found({ project, card, record, found }: Props & { found: Evaluation }) {
  const classes = found.kind === "category" ? (record.data?.classes ?? []) : [];
  const table = evaluatedParts(found) ?? (found.scores ? partTable(found.scores) : null);
  const shared = { project, card, found, classes };
  return (
    <>
      {found.notes.map((note) =>
        isAboutImages(note) && !found.on ? (
          <MovedImages key={note} project={project} run={card.id} note={note} />
        ) : (
          <Notice key={note} tone="info">
            {note}
          </Notice>
        ),
      )}
      <Card title={`Scores on ${formatPlural(found.num_images, found.on ? "image" : `${found.split} image`)}`}>
        {found.scores ? <ScoreList scores={found.scores} /> : null}
        {table ? <PartsTable table={table} /> : null}
      </Card>
      {found.parts.length ? <CurvesCard parts={found.parts} what={found.kind === "tags" ? "tags" : "classes"} /> : null}
      {found.calibration ? <CalibrationCard calibration={found.calibration} confidence={found.confidence} /> : null}
      {found.kind === "anomaly" && found.confidence ? (
        <Card title="Scores by label">
          <ConfidenceBars confidence={found.confidence} xWords="How odd the image is said to be" />
        </Card>
      ) : null}
      {found.residuals.map((one) => (
        <Card key={one.name} title={`Errors of ${one.name}`} aside={<span className={css.quiet}>Mean {intervalWords("loss", one.bias)}</span>}>
          <ResidualPlot name={one.name} predicted={one.predicted} residual={one.residual} />
        </Card>
      ))}
      {found.slice_score ? <SlicesCard {...shared} /> : null}
      <MistakesCard {...shared} />
    </>
  );
}

function Masks({ project, card, record }: Props) {
  const scores = record.metrics.test ?? record.metrics.validation;
  if (!scores) return null;
  const table = partTable(scores);
  return (
    <div className={css.page}>
      <Card title={`Scores on ${formatPlural(scores.num_images, record.metrics.test ? "test image" : "validation image")}`}>
        <ScoreList scores={scores} />
        {table ? <PartsTable table={table} /> : null}
      </Card>
      <Card title="Images to look at">
        <PlacesGrid project={project} run={card.id} record={record} />
      </Card>
    </div>
  );
}

function ScoreList({ scores }: { scores: RunRecord["metrics"][string] }) {
  return (
    <dl className={css.scores}>
      {scoreRows(scores).map(({ name, interval }) => (
        <div key={name}>
          <dt>{scoreWords(name)}</dt>
          <dd>{intervalWords(name, interval)}</dd>
        </div>
      ))}
    </dl>
  );
}
