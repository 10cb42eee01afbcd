/** Starting and steering runs. What the server refuses is shown in words. */
import { create } from "zustand";

import { Refusal, api, must } from "../api/client";
import type { Flow, RunCard } from "../api/types";
import type { Ordered } from "../model/progress";
import { noteCard, runKey, showRun } from "./runs";
import { say, sayError } from "./toast";
import { useView } from "./view";

type OrderState = { ordered: Record<string, Ordered>; starting: string | null };

/** Orders that were given and are not carried out yet, by "project/run". */
export const useOrders = create<OrderState>(() => ({ ordered: {}, starting: null }));

export type Control = "from_scratch" | "head_only";

/** Start a run of a flow, or of one of its controls, and show it. */
export async function startRun(project: string, name: string, flow: Flow, control: Control | null = null): Promise<RunCard | null> {
  useOrders.setState({ starting: runKey(project, name) });
  try {
    const params = { path: { project } };
    const card = await must(api.POST("/api/projects/{project}/runs", { params, body: { flow, control } }));
    noteCard(project, card);
    showRun(project, name, card.id);
    useView.getState().setDock("training");
    say(control === null ? "The run starts." : `The control starts: ${CONTROL_WORDS[control]}.`);
    return card;
  } catch (error) {
    sayError(error);
    if (error instanceof Refusal && (error.body.problems?.length ?? 0) > 0) useView.getState().setDock("problems");
    return null;
  } finally {
    useOrders.setState({ starting: null });
  }
}

export const CONTROL_WORDS: Record<Control, string> = { from_scratch: "from scratch", head_only: "head only" };

const ORDER_WORDS = {
  stop: "Stopping after this step; the best so far is kept.",
  pause: "Pausing after this step.",
  resume: "The run goes on.",
  "force-stop": "The run's process was ended. It can be resumed from its last checkpoint.",
};

export type Order = keyof typeof ORDER_WORDS;

/** Give a run an order. Stop and pause wait for the step that is under way. */
export async function order(project: string, run: string, what: Order): Promise<void> {
  const key = runKey(project, run);
  if (what === "stop" || what === "pause") setOrdered(key, { order: what, at: Date.now() });
  try {
    const card = await (what === "resume" ? resumed(project, run) : ask(project, run, what));
    noteCard(project, card);
    say(ORDER_WORDS[what]);
    if (what === "resume" || what === "force-stop") setOrdered(key, null);
  } catch (error) {
    setOrdered(key, null);
    sayError(error);
  }
}

const ask = (project: string, run: string, what: Order): Promise<RunCard> =>
  must(api.POST("/api/projects/{project}/runs/{run}/{order}", { params: { path: { project, run, order: what } } }));

const TRIES = 12;
const WAIT_MS = 500;

/** A run says that it paused a moment before its process is gone; until then the server refuses. */
async function resumed(project: string, run: string): Promise<RunCard> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await ask(project, run, "resume");
    } catch (error) {
      if (!(error instanceof Refusal) || error.kind !== "RunError" || left <= 1) throw error;
      if (left === TRIES) say("It resumes as soon as its process is gone…");
      await new Promise((done) => window.setTimeout(done, WAIT_MS));
    }
  }
}

export function setOrdered(key: string, ordered: Ordered | null): void {
  useOrders.setState((state) => {
    const { [key]: _old, ...others } = state.ordered;
    return { ordered: ordered ? { ...others, [key]: ordered } : others };
  });
}
