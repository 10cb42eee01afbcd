/** From a mistake back to the flow: corrections of images are edits of the flow that the run came from. */
import { create } from "zustand";

import type { Flow, RunCard } from "../api/types";
import { type Doc, docKey, useOpen } from "./doc";
import { startRun } from "./running";
import { openFlow, save } from "./saving";
import { say, sayError } from "./toast";

export type Correction = { project: string; flow: string; label: string; isUndone: boolean; doc: Doc };

type CorrectionState = { last: Correction | null };
export const useCorrections = create<CorrectionState>(() => ({ last: null }));

/** Return the name of the flow that a run came from: its own, or for a control that of its flow; null if it is gone. */
export function flowNameOf(run: Pick<RunCard, "name">, flows: readonly string[]): string | null {
  const own = run.name ?? "";
  return [own, own.replace(/-(from_scratch|head_only)$/, "")].find((name) => flows.includes(name)) ?? null;
}

/** Edit the flow of a run, in one step that can be undone. Returns whether anything changed. */
export async function correct(project: string, flow: string, label: string, change: (flow: Flow) => Flow): Promise<boolean> {
  try {
    await openFlow(project, flow);
    const doc = useOpen.getState().docs[docKey(project, flow)];
    if (!doc) {
      say(`The flow '${flow}' does not read.`, { tone: "error", hint: "Open it to see its problems." });
      return false;
    }
    const before = doc.getState().flow;
    doc.getState().edit(label, change);
    if (doc.getState().flow === before) {
      say("The flow has these corrections already.");
      return false;
    }
    useCorrections.setState({ last: { project, flow, label, isUndone: false, doc } });
    say(`${label}, in the flow '${flow}'.`, { tone: "ok" });
    return true;
  } catch (error) {
    sayError(error);
    return false;
  }
}

/** Take the last correction back, if nothing was edited since. */
export function undoCorrection(): void {
  const { last } = useCorrections.getState();
  if (!last || last.isUndone) return;
  if (last.doc.getState().label !== last.label) {
    say("The flow was edited since; undo it there.");
    return;
  }
  last.doc.temporal.getState().undo();
  useCorrections.setState({ last: { ...last, isUndone: true } });
  say(`Undid: ${last.label}`);
}

/** Run a corrected flow. */
export async function runAgain(correction: Correction): Promise<RunCard | null> {
  const { project, flow, doc } = correction;
  await save(docKey(project, flow));
  return startRun(project, flow, doc.getState().flow);
}

export const forgetCorrection = (): void => useCorrections.setState({ last: null });
