/** Corrections of images, each one edit of the flow: undoable, saved, said. */
import type { DataFix, Flow, SampleRow } from "../../api/types";
import { applyFix, excludeImages, images, putBack, relabelImages, restoreLabels } from "../../model/data_edits";
import { activeDoc, edit, undo } from "../../store/doc";
import { say } from "../../store/toast";

const keysOf = (rows: readonly SampleRow[]): string[] => rows.map((row) => row.key);

/** Do an edit and say what it did. "Undo" in the message takes back this edit only, while it is the last one. */
function act(label: string, said: string, change: (flow: Flow) => Flow): void {
  const before = activeDoc()?.getState().flow;
  edit(label, change);
  const after = activeDoc()?.getState().flow;
  if (before === after) return say("Nothing is changed by that: it is so already.");
  const takeBack = () => {
    if (activeDoc()?.getState().flow === after) undo();
    else say("More was edited since; use Undo in the top bar, step by step.");
  };
  say(said, { tone: "ok", topic: "edit of the data", action: { label: "Undo", run: takeBack } });
}

export function exclude(node: string, rows: readonly SampleRow[]): void {
  const wanted = rows.filter((row) => !row.is_excluded);
  act(`Exclude ${images(wanted.length)}`, `${images(wanted.length)} left out`, (flow) => excludeImages(flow, node, keysOf(wanted)));
}

export function restore(node: string, rows: readonly SampleRow[]): void {
  const wanted = rows.filter((row) => row.is_excluded);
  act(`Put back ${images(wanted.length)}`, `${images(wanted.length)} put back`, (flow) => putBack(flow, node, keysOf(wanted)));
}

export function relabel(node: string, rows: readonly SampleRow[], label: string): void {
  const words = label || "without a tag";
  act(`Relabel ${images(rows.length)} to ${words}`, `${images(rows.length)} labeled ${words}`, (flow) =>
    relabelImages(flow, node, rows, label),
  );
}

export function unlabel(node: string, rows: readonly SampleRow[]): void {
  const wanted = rows.filter((row) => row.found_label);
  act(`Restore the label of ${images(wanted.length)}`, `${images(wanted.length)} back to the label as found`, (flow) =>
    restoreLabels(flow, node, keysOf(wanted)),
  );
}

export function fix(node: string, proposed: DataFix): void {
  act(proposed.title, `Done: ${proposed.title}`, (flow) => applyFix(flow, node, proposed));
}
