import { Blend } from "lucide-react";
import { useState } from "react";

import type { MixCurve, MixPoint } from "../../../api/types";
import { StageCurve } from "../../../charts/StageCurve";
import { Button } from "../../../kit/Button";
import { SelectField } from "../../../kit/Field";
import { Busy, Notice } from "../../../kit/small";
import { formatNumber } from "../../../model/format";
import { choiceWords, placeWords, rangeOf, roleOf } from "../../../model/mix";
import { intervalWords } from "../../../model/scores";
import { scoreWords, showScore } from "../../../model/told";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { useMixCurve, useMixRun } from "../../../store/averaging";
import run from "../run.module.css";
import css from "./depth.module.css";
import type { InsideProps } from "./views";

const STEPS = ["6", "11", "21"] as const;

/** Score of the weights between where training began and where it ended, and a run from any place on that line. */
export default function MixView({ project, view }: InsideProps) {
  const [steps, setSteps] = useState("11");
  const found = useMixCurve(project, view.card.id, Number(steps));
  return (
    <div className={css.view}>
      <div className={css.line}>
        <p className={css.about}>
          The weights half way between the start and the run are a network too, often a better one: the start is the base with the head of the probe. Validation images choose the
          place; test images only judge it.
        </p>
        <SelectField
          label="Places measured"
          value={steps}
          onChange={(event) => setSteps(event.target.value)}
          options={STEPS.map((one): [string, string] => [one, one])}
        />
      </div>
      {found.error ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {!found.data && !found.error ? <Busy what="Making the start again and scoring the weights between…" /> : null}
      {found.data ? <Line key={steps} project={project} curve={found.data} /> : null}
    </div>
  );
}

function Line({ project, curve }: { project: string; curve: MixCurve }) {
  const [t, setT] = useState(curve.chosen_t ?? 0.5);
  const { isBusy, make } = useMixRun(project, curve.run);
  const index = curve.points.findIndex((point) => point.t === t);
  const lines = [
    { key: "validation", label: "validation", color: "--split-validation", points: curve.points.map((point) => point.validation) },
    { key: "test", label: "test", color: "--split-test", dash: "5 3", points: curve.points.map((point) => point.test) },
  ].filter((line) => line.points.some((point) => point !== null));
  return (
    <>
      <StageCurve
        title={`${scoreWords(curve.score)} from the start (0) to the run (1), with 95 % intervals`}
        stages={curve.points.map((point) => placeWords(point.t))}
        lines={lines}
        range={rangeOf(curve)}
        baseline={null}
        marks={index < 0 ? [] : [{ index, text: t === curve.chosen_t ? "validation's choice" : "your choice", color: "--accent" }]}
        show={(value) => showScore(curve.score, value)}
      />
      <p>{choiceWords(curve)}</p>
      {curve.notes.map((note) => (
        <Notice key={note} tone="info">
          {note}
        </Notice>
      ))}
      <div className={css.choice}>
        <Button look="primary" whyNot={isBusy ? "It is being made." : t === 1 ? "This is the run itself; choose another place." : null} onClick={() => make(t)}>
          <Blend size={13} aria-hidden /> {isBusy ? "Making the run…" : `Make t = ${placeWords(t)} a run`}
        </Button>
        <span>A run of its own: predict, evaluate, export it, or graft onto it.</span>
      </div>
      <Table curve={curve} t={t} onChoose={setT} />
    </>
  );
}

function Table({ curve, t, onChoose }: { curve: MixCurve; t: number; onChoose: (t: number) => void }) {
  const words = (point: MixPoint, split: "validation" | "test") => (point[split] ? intervalWords(curve.score, point[split]) : "–");
  const by = curve.chosen_by.replaceAll("_", " ");
  const isOther = curve.chosen_by !== curve.score;
  return (
    <table className={run.table}>
      <caption>Each place with 95 % intervals; validation {by} orders them.</caption>
      <thead>
        <tr>
          <th scope="col">t</th>
          {isOther ? (
            <th scope="col" className={run.number}>
              Validation {by}
            </th>
          ) : null}
          <th scope="col" className={run.number}>
            Validation {scoreWords(curve.score).toLowerCase()}
          </th>
          <th scope="col" className={run.number}>
            Test {scoreWords(curve.score).toLowerCase()}
          </th>
          <th scope="col">Which</th>
        </tr>
      </thead>
      <tbody>
        {curve.points.map((point) => (
          <tr key={point.t}>
            <th scope="row">
              <label className={css.choice}>
                <input type="radio" name="place" checked={point.t === t} onChange={() => onChoose(point.t)} />
                {placeWords(point.t)}
              </label>
            </th>
            {isOther ? <td className={run.number}>{point.watched === null ? "–" : formatNumber(point.watched)}</td> : null}
            <td className={run.number}>{words(point, "validation")}</td>
            <td className={run.number}>{words(point, "test")}</td>
            <td>{roleOf(curve, point.t)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
