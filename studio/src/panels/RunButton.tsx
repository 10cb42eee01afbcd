import { useQuery } from "@tanstack/react-query";
import { ChevronDown, FlaskConical, OctagonX, Pause, Play, Square, StepForward } from "lucide-react";
import { useEffect, useRef } from "react";

import type { RunCard } from "../api/types";
import { Button, IconButton } from "../kit/Button";
import { Menu } from "../kit/Menu";
import type { MenuItem } from "../kit/menuItem";
import { Keys } from "../kit/small";
import { isGoing, pageTitle, statusWords, stoppingWords } from "../model/progress";
import { useCheck } from "../store/checking";
import { keysOf, useCommands } from "../store/commands";
import { activeDoc, docKey, useOpen } from "../store/doc";
import { useRoute } from "../store/route";
import { runKey, useFlowRun, useNow, useRun, useStatus } from "../store/runs";
import { type Control, order, setOrdered, startRun, useOrders } from "../store/running";
import { save } from "../store/saving";
import { ask } from "../store/session";
import { say, useToasts } from "../store/toast";
import { useView } from "../store/view";
import css from "./RunButton.module.css";

type Target = {
  project: string | null;
  /** The flow that Run starts; none on pages without one. */
  flow: string | null;
  run: RunCard | null;
};

/** What the button is about: the open flow, or on other pages whatever the project has going. */
function useTarget(): Target {
  const route = useRoute((state) => state.route);
  const own = useFlowRun();
  const isEditing = route.page === "flow" || route.page === "data";
  const project = route.page === "start" ? null : route.project;
  const hub = useQuery({ ...ask.hub(project ?? ""), enabled: project !== null && !isEditing });
  if (isEditing) return own.project === project && own.flow === route.flow ? own : { project, flow: null, run: null };
  const runs = hub.data?.runs ?? [];
  const shown = route.page === "run" ? runs.find((run) => run.id === route.run) : undefined;
  const run = shown && isGoing(shown.status) ? shown : runs.find((one) => isGoing(one.status));
  return { project, flow: null, run: run ?? null };
}

/** Start the flow, and stop, pause, resume what runs. */
export function RunButton() {
  const target = useTarget();
  const { project, flow, run } = target;
  const status = useStatus(project, run);
  const key = project && run ? runKey(project, run.id) : "";
  const goes = isGoing(status);
  const followed = useRun(goes ? project : null, goes ? (run?.id ?? null) : null);
  const ordered = useOrders((state) => state.ordered[key] ?? null);
  const starting = useOrders((state) => state.starting);
  const now = useNow(ordered !== null);
  const stopping = goes ? stoppingWords(ordered, now) : null;
  useTitle(run?.name ?? run?.id ?? flow ?? "", status, followed?.progress?.share ?? null, key);
  useEffect(() => {
    if (ordered && !goes) setOrdered(key, null);
  }, [ordered, goes, key]);
  const { begin, whyNotRun } = useBegin(target, status, starting !== null);
  const act = (what: "stop" | "pause" | "resume" | "force-stop") => project && run && void order(project, run.id, what);
  const whyNotStop = goes ? (stopping ? stopping.text : null) : "Nothing runs.";
  useCommands([
    { id: "run", run: () => (status === "paused" ? act("resume") : begin(null)), whyNot: goes ? null : whyNotRun },
    { id: "stop", run: () => act("stop"), whyNot: whyNotStop },
    { id: "pause", title: "Pause the run", group: "Run", run: () => act("pause"), whyNot: whyNotStop },
    { id: "resume", title: "Resume the run", group: "Run", run: () => act("resume"), whyNot: status === "paused" || status === "interrupted" ? null : "Nothing is paused." },
  ]);
  if (!project) return null;
  const percent = Math.floor(100 * (followed?.progress?.share ?? 0));
  const menu = menuItems({ status, whyNotRun, whyNotStop, begin, act, hasFlow: flow !== null });
  return (
    <div className={css.run} role="group" aria-label="Run">
      {stopping?.canForce ? (
        <Button look="danger" className={css.main ?? ""} onClick={() => act("force-stop")} tip="End its process at once. It can be resumed from its last checkpoint.">
          <OctagonX size={14} aria-hidden /> Force stop
        </Button>
      ) : goes ? (
        <Button className={css.main ?? ""} whyNot={stopping?.text} onClick={() => act("stop")} tip="Stop; the best so far is kept and scored">
          <Square size={12} aria-hidden className={css.stopIcon} />
          {stopping ? stopping.text : status === "running" ? `Stop · ${percent} %` : "Stop"}
          {stopping ? null : <Keys keys={keysOf("stop")} />}
        </Button>
      ) : status === "paused" ? (
        <Button look="primary" className={css.main ?? ""} onClick={() => act("resume")} tip="Goes on bit for bit where it was paused">
          <StepForward size={14} aria-hidden /> Resume
        </Button>
      ) : (
        <Button look="primary" className={css.main ?? ""} whyNot={whyNotRun} onClick={() => begin(null)}>
          <Play size={14} aria-hidden /> {starting === null ? "Run" : "Starting…"}
          <span className={css.keys}>{keysOf("run")}</span>
        </Button>
      )}
      <Menu items={menu}>
        <IconButton label="More about running" look={goes || whyNotRun ? "plain" : "primary"} className={css.more ?? ""}>
          <ChevronDown size={14} />
        </IconButton>
      </Menu>
      {goes ? <span className={css.bar} style={{ width: `${percent}%` }} aria-hidden /> : null}
      {status === "queued" ? <span className={css.queued} title="It waits for the run before it.">Queued</span> : null}
    </div>
  );
}

type Begin = { begin: (control: Control | null) => void; whyNotRun: string | null };

/** Return how to start the open flow, or why it cannot be started. */
function useBegin({ project, flow }: Target, status: string | null, isStarting: boolean): Begin {
  const active = useOpen((state) => state.active);
  const check = useCheck();
  const setDock = useView((state) => state.setDock);
  const errors = check.problems.filter((problem) => problem.level === "error");
  const whyNotRun = !flow || !active ? "Open a flow to run it." : isStarting ? "It is being started." : null;
  const begin = (control: Control | null) => {
    if (isGoing(status)) return say("The flow runs already.", { hint: "Stop it first, or wait for its end." });
    const doc = activeDoc();
    if (!project || !flow || !doc || isStarting) return;
    if (errors.length > 0) {
      setDock("problems");
      const text = `The flow cannot run yet: ${errors.length === 1 ? "there is a problem" : `there are ${errors.length} problems`}.`;
      return say(text, { tone: "error", hint: errors[0]?.message ?? null });
    }
    void save(docKey(project, flow));
    void startRun(project, flow, doc.getState().flow, control);
  };
  return { begin, whyNotRun };
}

type MenuFacts = Begin & {
  status: string | null;
  whyNotStop: string | null;
  hasFlow: boolean;
  act: (what: "stop" | "pause" | "resume") => void;
};

function menuItems({ status, whyNotRun, whyNotStop, begin, act, hasFlow }: MenuFacts): MenuItem[] {
  const whyNotStart = whyNotRun ?? (isGoing(status) ? "The flow runs already." : null);
  const canGoOn = status === "paused" || status === "interrupted";
  return [
    { label: "Pause", icon: <Pause size={14} />, onSelect: () => act("pause"), whyNot: whyNotStop },
    { label: "Stop, keep the best", icon: <Square size={14} />, keys: keysOf("stop"), onSelect: () => act("stop"), whyNot: whyNotStop },
    {
      label: "Resume",
      icon: <StepForward size={14} />,
      onSelect: () => act("resume"),
      whyNot: canGoOn ? null : `Nothing is paused${status ? `: the run is ${statusWords(status).toLowerCase()}` : ""}.`,
    },
    ...(hasFlow && canGoOn ? [{ label: "Run anew", icon: <Play size={14} />, onSelect: () => begin(null), whyNot: whyNotStart }] : []),
    { label: "Run the control: from scratch", icon: <FlaskConical size={14} />, onSelect: () => begin("from_scratch"), whyNot: whyNotStart },
    { label: "Run the control: head only", icon: <FlaskConical size={14} />, onSelect: () => begin("head_only"), whyNot: whyNotStart },
  ];
}

/** Keep the browser's tab in line with the run, and announce its end. */
function useTitle(name: string, status: string | null, share: number | null, key: string): void {
  const route = useRoute((state) => state.route);
  const before = useRef({ key: "", wasGoing: false });
  useEffect(() => {
    if (before.current.key !== key) before.current = { key, wasGoing: false };
    const wasGoing = before.current.wasGoing;
    if (isGoing(status)) before.current.wasGoing = true;
    else if (wasGoing && status) useToasts.getState().announce(`${name}: ${statusWords(status)}.`);
    const title = pageTitle(name, status, share, wasGoing);
    // The page sets its own title in the same pass; this one is to stay.
    const timer = window.setTimeout(() => {
      if (title) document.title = title;
    });
    return () => window.clearTimeout(timer);
  }, [name, status, share, key, route]);
}
