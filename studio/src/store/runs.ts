/** Follows runs. Curves live outside React; the page is redrawn at most once for each frame of the screen. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { create } from "zustand";

import type { FeedMessage, RunCard, RunProgress } from "../api/types";
import { isGoing } from "../model/progress";
import { RunLog } from "../model/runlog";
import { useOpen } from "./doc";
import { measurePaint } from "./latency";
import { ask, feed, queries, useSession } from "./session";

export type Followed = { log: RunLog; progress: RunProgress | null; version: number };

type RunsState = {
  /** Runs that are followed, or were and are still known, by "project/run". */
  followed: Record<string, Followed>;
  /** Statuses as the feed told them last, by "project/run". */
  statuses: Record<string, string>;
  /** The run that a flow's panels show, where one was chosen: by "project/flow". */
  shown: Record<string, string>;
};

export const useRuns = create<RunsState>(() => ({ followed: {}, statuses: {}, shown: {} }));

export const runKey = (project: string, run: string): string => `${project}/${run}`;

/** Runs whose curves are kept when nobody looks at them. */
const MOST_KEPT = 8;
const watchers = new Map<string, number>();
/** Runs whose next message is what was missed, and says nothing about how fast news come. */
const replaying = new Set<string>();
const dirty = new Map<string, RunProgress | null | undefined>();
const frameListeners = new Map<string, Set<() => void>>();
let frame = 0;

/** Follow a run until the returned function is called. */
export function follow(project: string, run: string): () => void {
  const key = runKey(project, run);
  watchers.set(key, (watchers.get(key) ?? 0) + 1);
  if (!useRuns.getState().followed[key]) put(key, { log: new RunLog(), progress: null, version: 0 });
  replaying.add(key);
  if (watchers.get(key) === 1) feed.watch(project, run, useRuns.getState().followed[key]?.log.numLines ?? 0);
  return () => {
    const left = (watchers.get(key) ?? 1) - 1;
    if (left > 0) return void watchers.set(key, left);
    watchers.delete(key);
    feed.unwatch(project, run);
    forget();
  };
}

/** Call `listener` in each frame in which a run has news, before the screen is painted. */
export function onFrame(key: string, listener: () => void): () => void {
  const found = frameListeners.get(key) ?? new Set();
  found.add(listener);
  frameListeners.set(key, found);
  return () => {
    found.delete(listener);
  };
}

function put(key: string, followed: Followed): void {
  useRuns.setState((state) => ({ followed: { ...state.followed, [key]: followed } }));
}

function forget(): void {
  const { followed } = useRuns.getState();
  const idle = Object.keys(followed).filter((key) => !watchers.has(key));
  const gone = new Set(idle.slice(0, Math.max(0, idle.length - MOST_KEPT)));
  if (!gone.size) return;
  useRuns.setState({ followed: Object.fromEntries(Object.entries(followed).filter(([key]) => !gone.has(key))) });
}

function take(message: FeedMessage): void {
  if (message.kind === "events") {
    const key = runKey(message.project, message.run);
    const followed = useRuns.getState().followed[key];
    if (!followed) return;
    followed.log.add(message.first, message.lines);
    dirty.set(key, message.progress);
    if (!replaying.delete(key)) measurePaint(message.lines);
    if (!frame) frame = requestAnimationFrame(flush);
  } else if (message.kind === "runs_changed") {
    const told = Object.entries(message.statuses).map(([run, status]) => [runKey(message.project, run), status]);
    useRuns.setState((state) => ({ statuses: { ...state.statuses, ...Object.fromEntries(told) } }));
  }
}

function flush(): void {
  frame = 0;
  const { followed } = useRuns.getState();
  const next = { ...followed };
  for (const [key, progress] of dirty) {
    const one = followed[key];
    if (one) next[key] = { log: one.log, progress: progress ?? one.progress, version: one.log.version };
    for (const listener of frameListeners.get(key) ?? []) listener();
  }
  dirty.clear();
  useRuns.setState({ followed: next });
}

feed.listen(take);
// What was told before a break may be old; the lists are asked anew after it.
useSession.subscribe((state, before) => {
  if (state.link === "open" && before.link === "lost") useRuns.setState({ statuses: {} });
});

/** Follow a run while the component is on the screen; `null` follows none. */
export function useRun(project: string | null, run: string | null): Followed | null {
  useEffect(() => (project && run ? follow(project, run) : undefined), [project, run]);
  return useRuns((state) => (project && run ? (state.followed[runKey(project, run)] ?? null) : null));
}

/** Return a run's status as it is now: what the feed said, or else its card; its last event is the newest of all. */
export function useStatus(project: string | null, run: RunCard | null): string | null {
  const key = project && run ? runKey(project, run.id) : "";
  const told = useRuns((state) => state.statuses[key]);
  const ended = useRuns((state) => state.followed[key]?.log.ended?.status);
  const status = told ?? run?.status ?? null;
  return ended && status === "running" ? ended : status;
}

const CONTROLS = ["", "-from_scratch", "-head_only"];

/** Return the run that stands for a flow: the one chosen, else one that goes on, else the newest of its name. */
export function runOf(runs: readonly RunCard[], flow: string, chosen?: string): RunCard | null {
  const own = runs.filter((run) => CONTROLS.some((end) => run.name === flow + end));
  return (
    own.find((run) => run.id === chosen) ??
    own.find((run) => isGoing(run.status)) ??
    own.find((run) => run.name === flow) ??
    null
  );
}

/** Return the run that the active flow's panels show, and all runs of that flow, the newest first. */
export function useFlowRun(): { project: string | null; flow: string | null; run: RunCard | null; runs: RunCard[] } {
  const active = useOpen((state) => state.active);
  const at = active?.indexOf("/") ?? -1;
  const project = active ? active.slice(0, at) : null;
  const flow = active ? active.slice(at + 1) : null;
  const chosen = useRuns((state) => (active ? state.shown[active] : undefined));
  const hub = useQuery({ ...ask.hub(project ?? ""), enabled: project !== null });
  const runs = hub.data?.runs ?? [];
  return {
    project,
    flow,
    run: flow ? runOf(runs, flow, chosen) : null,
    runs: flow ? runs.filter((run) => CONTROLS.some((end) => run.name === flow + end)) : [],
  };
}

/** Show a run in the panels of a flow; null goes back to the newest. */
export function showRun(project: string, flow: string, run: string | null): void {
  useRuns.setState((state) => {
    const { [runKey(project, flow)]: _old, ...others } = state.shown;
    return { shown: run ? { ...others, [runKey(project, flow)]: run } : others };
  });
}

/** Put a card that the server just gave into the lists, so that nothing waits for the next look. */
export function noteCard(project: string, card: RunCard): void {
  useRuns.setState((state) => ({ statuses: { ...state.statuses, [runKey(project, card.id)]: card.status } }));
  void queries.invalidateQueries({ queryKey: ["hub", project] });
  void queries.invalidateQueries({ queryKey: ["run", project, card.id] });
}

/** Return the time, in milliseconds, looked at twice a second while `isOn`. */
export function useNow(isOn: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isOn) return;
    const timer = window.setInterval(() => setNow(Date.now()), 500);
    return () => window.clearInterval(timer);
  }, [isOn]);
  return now;
}

