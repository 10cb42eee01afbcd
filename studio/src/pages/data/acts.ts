/** Corrections of images, each one edit of the flow: undoable, saved, said. */
import type { DataFix, SampleRow } from "../../api/types";
import { applyFix, excludeImages, images, putBack, relabelImages, restoreLabels } from "../../model/data_edits";
import { edit, undo } from "../../store/doc";
import { say } from "../../store/toast";

const tell = (text: string): void => say(text, { tone: "ok", action: { label: "Undo", run: () => undo() } });
const keysOf = (rows: readonly SampleRow[]): string[] => rows.map((row) => row.key);

export function exclude(node: string, rows: readonly SampleRow[]): void {
  const wanted = rows.filter((row) => !row.is_excluded);
  if (wanted.length === 0) return;
  const label = `Exclude ${images(wanted.length)}`;
  edit(label, (flow) => excludeImages(flow, node, keysOf(wanted)));
  tell(`${images(wanted.length)} left out`);
}

export function restore(node: string, rows: readonly SampleRow[]): void {
  const wanted = rows.filter((row) => row.is_excluded);
  if (wanted.length === 0) return;
  edit(`Put back ${images(wanted.length)}`, (flow) => putBack(flow, node, keysOf(wanted)));
  tell(`${images(wanted.length)} put back`);
}

export function relabel(node: string, rows: readonly SampleRow[], label: string): void {
  edit(`Relabel ${images(rows.length)} to ${label}`, (flow) => relabelImages(flow, node, rows, label));
  tell(`${images(rows.length)} labeled ${label}`);
}

export function unlabel(node: string, rows: readonly SampleRow[]): void {
  const wanted = rows.filter((row) => row.found_label);
  edit(`Restore the label of ${images(wanted.length)}`, (flow) => restoreLabels(flow, node, keysOf(wanted)));
  tell(`${images(wanted.length)} back to the label as found`);
}

export function fix(node: string, proposed: DataFix): void {
  edit(proposed.title, (flow) => applyFix(flow, node, proposed));
  tell(`Done: ${proposed.title}`);
}
