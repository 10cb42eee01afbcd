import { useQuery } from "@tanstack/react-query";
import { ChartSpline, Square } from "lucide-react";
import { useState } from "react";

import type { CurveState, Interval, RunView } from "../../api/types";
import { LearningCurveChart } from "../../charts/LearningCurveChart";
import { Button } from "../../kit/Button";
import { Notice, Progress } from "../../kit/small";
import { formatExact } from "../../model/format";
import { isMeasuring, measuringWords } from "../../model/learning_curve";
import { intervalWords } from "../../model/scores";
import { scoreWords, showScore } from "../../model/told";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { askTransfer, measureCurve, stopCurve } from "../../store/transfer";
import { CurveDialog } from "./CurveDialog";
import css from "./run.module.css";

/** How many labels transfer saves: the learning curve, and how it is measured. */
export function CurvePart({ project, view, whyNot }: { project: string; view: RunView; whyNot: string | null }) {
  const run = view.card.id;
  const found = useQuery(askTransfer.state(project, run));
  const [isOpen, setOpen] = useState(false);
  const state = found.data;
  if (found.error) return <RefusalNotice error={found.error} onRetry={() => void found.refetch()} />;
  if (!state) return null;
  const measures = isMeasuring(state);
  return (
    <section className={css.curvePart} aria-label="Learning curve">
      <h3>How many labels does transfer save?</h3>
      {state.curve ? <Measured curve={state.curve} /> : measures ? null : (
        <p className={css.quiet}>
          Not measured yet: training on growing shares of the labels, with transfer and from scratch, answers it.
        </p>
      )}
      {measures ? <Going project={project} run={run} state={state} /> : <Ended state={state} />}
      {measures ? null : (
        <div className={css.actions}>
          {state.status === "stopped" && state.choices ? (
            <Button look="primary" whyNot={whyNot} onClick={() => void (state.choices && measureCurve(project, run, state.choices))}>
              Go on measuring
            </Button>
          ) : null}
          <Button whyNot={whyNot} onClick={() => setOpen(true)}>
            <ChartSpline size={13} aria-hidden /> {state.curve ? "Measure more of it" : "Measure the learning curve"}
          </Button>
        </div>
      )}
      {isOpen ? (
        <CurveDialog
          project={project}
          run={run}
          strategy={view.record?.strategy ?? "head_only"}
          before={state.choices}
          isOpen
          onClose={() => setOpen(false)}
        />
      ) : null}
    </section>
  );
}

function Measured({ curve }: { curve: NonNullable<CurveState["curve"]> }) {
  const name = curve.score_name;
  const show = (score: number) => showScore(name, score);
  const words = (score: Interval) => intervalWords(name, score);
  return (
    <>
      <p>{curve.answer}</p>
      {curve.transfer.length || curve.scratch.length ? (
        <LearningCurveChart curve={curve} title={`${scoreWords(name)} by labels`} show={show} showInterval={words} />
      ) : null}
      {curve.forecast ? (
        <p className={css.quiet}>
          With {formatExact(curve.forecast.num_labels)} labels, a power law through the points foretells {words(curve.forecast.score)} for transfer (dotted):
          drawn on, not measured.
        </p>
      ) : null}
      <p className={css.quiet}>
        Bands: 95 % intervals over {formatExact(curve.num_images)} {curve.split} images and {curve.choices.seeds} {curve.choices.seeds === 1 ? "seed" : "seeds"}. {curve.notes.join(" ")}
      </p>
    </>
  );
}

function Going({ project, run, state }: { project: string; run: string; state: CurveState }) {
  return (
    <div className={css.progress}>
      <Progress share={state.share} label="Share of the learning curve that is measured" />
      <div className={css.actions}>
        <span className={css.quiet}>{measuringWords(state)}</span>
        <Button onClick={() => void stopCurve(project, run)}>
          <Square size={12} aria-hidden /> Stop measuring
        </Button>
      </div>
    </div>
  );
}

function Ended({ state }: { state: CurveState }) {
  if (state.status === "failed") return <Notice tone="error">{state.message ?? "Measuring failed."}</Notice>;
  if (state.status === "stopped") return <Notice tone="info">{state.message ?? "Stopped."}</Notice>;
  return null;
}
