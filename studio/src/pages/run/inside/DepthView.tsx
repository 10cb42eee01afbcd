import { Scissors } from "lucide-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, must } from "../../../api/client";
import type { DepthReport, RunView } from "../../../api/types";
import { IntervalBar } from "../../../charts/IntervalBar";
import { StageCurve } from "../../../charts/StageCurve";
import { Button } from "../../../kit/Button";
import { Badge, Busy, Notice } from "../../../kit/small";
import { adviceWords, axisOf, measureWords, protocolWords, scoreText, showMeasure, withCut } from "../../../model/depth";
import { formatExact } from "../../../model/format";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { useDepth } from "../../../store/depth";
import { useRoute } from "../../../store/route";
import { queries } from "../../../store/session";
import { say, sayError } from "../../../store/toast";
import run from "../run.module.css";
import css from "./depth.module.css";
import type { InsideProps } from "./views";

/** Which depth of the base separates the labels: probes on each stage, the best cut, and a way to take it. */
export default function DepthView({ project, view }: InsideProps) {
  const [isTrained, setTrained] = useState(false);
  const found = useDepth(project, view.card.id, isTrained);
  const report = found.data;
  return (
    <div className={css.view}>
      <div className={css.line}>
        <p className={css.about}>
          Simple predictors on the features of each stage, fitted and scored on your images. Where the curve stops rising, the base has seen
          what it will see of your classes.
        </p>
        <label className={css.choice}>
          The base
          <select className={run.select} value={isTrained ? "trained" : "start"} onChange={(event) => setTrained(event.target.value === "trained")}>
            <option value="start">as training starts</option>
            <option value="trained">as the run left it</option>
          </select>
        </label>
      </div>
      {found.error ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {!report && !found.error ? <Busy what="The base looks at the images once; what it sees is kept…" /> : null}
      {report ? <Report project={project} view={view} report={report} /> : null}
    </div>
  );
}

type Props = { project: string; view: RunView; report: DepthReport };

function Report({ project, view, report }: Props) {
  const names = report.stages.map((stage) => stage.stage);
  const present = view.plan?.main === report.node || view.plan?.main === null ? (view.record?.cut ?? null) : null;
  const marks = [
    { index: names.indexOf(present ?? ""), text: "cut of this run", color: "--frozen" },
    { index: names.indexOf(report.cut ?? ""), text: report.cut === report.best ? "best cut" : "best cut that can be made", color: "--ok" },
  ].filter((mark) => mark.index >= 0);
  const isNumbers = report.measure === "r2";
  const lines = [
    { key: "linear", label: isNumbers ? "Ridge regression" : "Linear probe", color: "--accent", points: report.stages.map((stage) => stage.linear?.score ?? null) },
    { key: "nearest", label: "Nearest class mean", color: "--trainable", dash: "6 4", points: report.stages.map((stage) => stage.nearest_mean?.score ?? null) },
  ].filter((line) => line.points.some((point) => point !== null));
  return (
    <>
      <StageCurve
        title={`${measureWords(report)} by depth, with 95 % intervals`}
        stages={names}
        lines={lines}
        range={axisOf(report)}
        baseline={report.chance}
        marks={marks}
        show={(value) => showMeasure(report, value)}
      />
      <p>
        {adviceWords(report)} <span className={run.quiet}>{protocolWords(report)}</span>
      </p>
      {report.notes.map((note) => (
        <Notice key={note} tone="info">
          {note}
        </Notice>
      ))}
      <StageTable project={project} view={view} report={report} present={present} />
    </>
  );
}

function StageTable({ project, view, report, present }: Props & { present: string | null }) {
  const [from, to] = axisOf(report);
  const isNumbers = report.measure === "r2";
  const use = useCut(project, view, report);
  const whyNot = view.flow ? (view.record?.card ? (use.isPending ? "A flow is being made." : null) : "The run does not know its base.") : "The run's flow does not read.";
  return (
    <table className={run.table}>
      <caption>Probes by stage, from input to output. Intervals cover 95 %.</caption>
      <thead>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col">Features</th>
          <th scope="col">{isNumbers ? "Ridge regression" : "Linear probe"}</th>
          {isNumbers ? null : <th scope="col">Nearest class mean</th>}
          <th scope="col">Cut</th>
        </tr>
      </thead>
      <tbody>
        {report.stages.map((stage) => (
          <tr key={stage.stage} data-best={stage.stage === report.cut || undefined}>
            <th scope="row">
              <span className={css.stage}>
                {stage.stage}
                {stage.stage === report.best ? <Badge tone="ok">best</Badge> : null}
                {stage.stage === present ? <Badge tone="frozen">cut of this run</Badge> : null}
              </span>
            </th>
            <td className={run.number}>{formatExact(stage.num_features)}</td>
            {[stage.linear, ...(isNumbers ? [] : [stage.nearest_mean])].map((probe, index) => (
              <td key={index}>
                {probe ? (
                  <span className={run.value}>
                    <span className={run.number}>{showMeasure(report, probe.score.value)}</span>
                    <IntervalBar interval={probe.score} from={from} to={to} baseline={report.chance} color={index ? "--trainable" : "--accent"} words={scoreText(report, probe.score)} />
                  </span>
                ) : (
                  <span className={run.quiet}>none</span>
                )}
              </td>
            ))}
            <td>
              {stage.stage === present ? (
                <span className={run.quiet}>in use</span>
              ) : (
                <Button
                  look={stage.stage === report.cut ? "primary" : "plain"}
                  whyNot={stage.why_not ?? whyNot}
                  tip="Makes a flow with the settings of this run and this cut"
                  aria-label={`Use the cut after ${stage.stage}`}
                  onClick={() => use.mutate(stage.stage)}
                >
                  <Scissors size={13} aria-hidden /> Use this cut
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Make a flow as the run's own with another cut, and show it. */
function useCut(project: string, view: RunView, report: DepthReport) {
  const go = useRoute((state) => state.go);
  return useMutation({
    mutationFn: async (cut: string) => {
      const card = view.record?.card;
      if (!view.flow || !card) throw new Error("The run's flow does not read.");
      const flow = withCut(view.flow, report.node, card, cut);
      const file = await must(api.POST("/api/projects/{project}/flows", { params: { path: { project } }, body: { name: flow.name, flow } }));
      return { file, cut };
    },
    onSuccess: ({ file, cut }) => {
      void queries.invalidateQueries({ queryKey: ["hub", project] });
      say(`The flow '${file.name}' is the run's own with the cut after ${cut}. Run it when you like.`, { tone: "ok" });
      go({ page: "flow", project, flow: file.name });
    },
    onError: sayError,
  });
}
