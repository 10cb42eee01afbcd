import { useQuery } from "@tanstack/react-query";
import { FlaskConical } from "lucide-react";

import type { RunView } from "../../api/types";
import { IntervalBar } from "../../charts/IntervalBar";
import { Button } from "../../kit/Button";
import { Busy } from "../../kit/small";
import { formatSeconds } from "../../model/format";
import { gainWithInterval } from "../../model/proof_words";
import { axisOf, intervalWords, plain, scoreRows } from "../../model/scores";
import { scoreWords, showScore } from "../../model/told";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { flowNameOf } from "../../store/corrections";
import { askRun } from "../../store/predictions";
import { useRoute } from "../../store/route";
import { ask } from "../../store/session";
import { type Control, startRun } from "../../store/running";
import { runMissingControls } from "../../store/transfer";
import { Card } from "./Card";
import { CurvePart } from "./CurvePart";
import css from "./run.module.css";

type Props = { project: string; view: RunView; isEnded: boolean };

/** What transfer gave: the run beside its controls, on the same images. */
export function ControlsCard({ project, view, isEnded }: Props) {
  const { card, record } = view;
  const found = useQuery({ ...askRun.controls(project, card.id), enabled: isEnded && record !== null });
  const hub = useQuery(ask.hub(project));
  const go = useRoute((state) => state.go);
  const title = "What transfer gave";
  if (!isEnded || !record) return <Card title={title}><p className={css.quiet}>Known when the run has ended.</p></Card>;
  if (found.error) return <Card title={title}><RefusalNotice error={found.error} onRetry={() => void found.refetch()} /></Card>;
  if (!found.data) return <Card title={title}><Busy what="Looking for controls…" /></Card>;
  const controls = found.data;
  const name = controls.score_name;
  if (!name || controls.score === null) return <Card title={title}><p className={css.quiet}>{controls.reason}</p></Card>;
  const scores = controls.split ? record.metrics[controls.split] : undefined;
  const own = scores ? scoreRows(scores)[0]?.interval : undefined;
  const intervals = [own, controls.scratch?.interval, controls.head_only?.interval].filter((one) => one !== undefined);
  const [from, to] = axisOf(name, intervals, controls.majority);
  const going = hub.data?.runs.filter((run) => ["starting", "queued", "running"].includes(run.status)) ?? [];
  const start = async (control: Control) => {
    const { flow } = view;
    if (!flow) return;
    const tab = flowNameOf(card, hub.data?.flows.map((one) => one.name) ?? []) ?? flow.name;
    await startRun(project, tab, flow, control);
  };
  const missing = (control: Control) => {
    const isGoing = going.some((run) => run.strategy === control || run.name?.endsWith(control));
    const whyNot = isGoing ? "It runs; its line appears when it ends." : view.flow ? null : "The run's flow does not read.";
    return (
      <Button whyNot={whyNot} onClick={() => void start(control)}>
        <FlaskConical size={13} aria-hidden /> {isGoing ? "Runs…" : "Run it"}
      </Button>
    );
  };
  const areGoing = controls.missing.every((control) => going.some((run) => run.strategy === control || run.name?.endsWith(control)));
  const isOwn = (control: Control) => record.strategy === control;
  const row = (control: Control, words: string) => {
    const peer = control === "from_scratch" ? controls.scratch : controls.head_only;
    const gain = control === "from_scratch" ? controls.gain_over_scratch : controls.gain_over_head_only;
    const paired = control === "from_scratch" ? controls.interval_over_scratch : controls.interval_over_head_only;
    if (isOwn(control)) return null;
    return (
      <tr key={control}>
        <th scope="row">
          {peer ? (
            <button type="button" className={css.linkButton} onClick={() => go({ page: "run", project, run: peer.run, tab: "overview" })}>
              {words}
            </button>
          ) : (
            words
          )}
        </th>
        <td className={css.number}>{peer ? showScore(name, peer.score) : ""}</td>
        <td>{peer ? <IntervalBar interval={peer.interval} from={from} to={to} color="--control" words={`${words}: ${intervalWords(name, peer.interval)}`} /> : null}</td>
        <td className={css.number}>{peer ? formatSeconds(peer.seconds) : ""}</td>
        <td className={css.number}>{peer ? (gain === null ? "" : gainWithInterval(gain, paired)) : missing(control)}</td>
      </tr>
    );
  };
  return (
    <Card title={title}>
      <table className={css.table}>
        <caption>
          {scoreWords(name)} on the {controls.split} images; gain of this run over each, with the 95 % interval of the difference on the same images.
        </caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col" className={css.number}>Score</th>
            <th scope="col">95 % interval</th>
            <th scope="col" className={css.number}>Time</th>
            <th scope="col" className={css.number}>Gain</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              <strong>This run</strong>
            </th>
            <td className={css.number}>{showScore(name, controls.score)}</td>
            <td>{own ? <IntervalBar interval={own} from={from} to={to} words={`This run: ${intervalWords(name, own)}`} /> : null}</td>
            <td className={css.number}>{formatSeconds(card.seconds)}</td>
            <td />
          </tr>
          {row("from_scratch", "From scratch")}
          {row("head_only", "Head only")}
          {plain(controls.majority) === null ? null : (
            <tr>
              <th scope="row">Constant answer</th>
              <td className={css.number}>{showScore(name, controls.majority ?? 0)}</td>
              <td />
              <td />
              <td className={css.number}>{controls.gain_over_majority === null ? "" : gainWithInterval(controls.gain_over_majority, controls.interval_over_majority)}</td>
            </tr>
          )}
        </tbody>
      </table>
      {controls.reason ? <p className={css.quiet}>{controls.reason}</p> : null}
      {controls.missing.length > 1 ? (
        <div className={css.actions}>
          <Button whyNot={areGoing ? "They run; their lines appear when they end." : null} onClick={() => void runMissingControls(project, card.id)}>
            <FlaskConical size={13} aria-hidden /> Run the missing controls
          </Button>
        </div>
      ) : null}
      {record.base === "none" || record.strategy === "from_scratch" ? null : (
        <CurvePart project={project} view={view} whyNot={view.flow ? null : "The run's flow does not read."} />
      )}
    </Card>
  );
}
