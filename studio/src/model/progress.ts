/** How far a run is, in words: the page's title, the time left, what its status means. */
import type { RunProgress } from "../api/types";
import { formatSeconds } from "./format";
import { phaseWords } from "./told";

export type RunStatus =
  | "starting"
  | "queued"
  | "running"
  | "paused"
  | "finished"
  | "stopped"
  | "failed"
  | "interrupted";

const GOING = new Set(["starting", "queued", "running"]);

/** Whether a process works on the run or waits for its turn. */
export const isGoing = (status: string | null | undefined): boolean => GOING.has(status ?? "");

/** Whether the run can be gone on with. */
export const canResume = (status: string | null | undefined): boolean =>
  ["paused", "interrupted", "stopped", "failed"].includes(status ?? "");

const STATUS: Record<string, string> = {
  starting: "Starting",
  queued: "Queued",
  running: "Running",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  interrupted: "Interrupted",
};

/** Return a status as a word. */
export const statusWords = (status: string): string => STATUS[status] ?? status;

export const STATUS_TONE: Record<string, "plain" | "ok" | "warning" | "error" | "accent"> = {
  starting: "accent",
  queued: "plain",
  running: "accent",
  paused: "warning",
  finished: "ok",
  stopped: "warning",
  failed: "error",
  interrupted: "error",
};

/** Return the title of the browser's tab; null where nothing runs or ran while the page was open. */
export function pageTitle(name: string, status: string | null, share: number | null, wasGoing: boolean): string | null {
  if (status === "running") return `${Math.floor(100 * (share ?? 0))} % · ${name}`;
  if (status === "queued" || status === "starting") return `${statusWords(status)} · ${name}`;
  return wasGoing && status ? `${statusWords(status)} · ${name}` : null;
}

/** Return the time left in words; a clear sentence while too little is done to tell. */
export function timeLeft(progress: Pick<RunProgress, "phase" | "seconds_left"> | null): string {
  if (!progress || progress.seconds_left === null) return progress?.phase === "ended" ? "" : "Time left: not known yet";
  if (progress.phase === "ended") return "";
  if (progress.seconds_left < 1) return "A moment left";
  return `${formatSeconds(Math.round(progress.seconds_left))} left`;
}

/** Return where the run is: its phase, epoch and step. */
export function placeWords(progress: RunProgress | null): string {
  if (!progress) return "Waiting for the first event";
  const { phase, epoch, epochs, step, steps } = progress;
  const words = [phaseWords(phase)];
  if (epochs > 0) words.push(`epoch ${epoch} of ${epochs}`);
  if (steps > 0) words.push(phase === "extraction" ? `${step} of ${steps} images` : `step ${step} of ${steps}`);
  return words.join(" · ");
}

export type Ordered = { order: "stop" | "pause"; at: number };

/** Return what the Stop button says after an order: patience first, then a way out. */
export function stoppingWords(ordered: Ordered | null, now: number): { text: string; canForce: boolean } | null {
  if (!ordered) return null;
  const verb = ordered.order === "pause" ? "Pausing" : "Stopping";
  return { text: `${verb} after this step…`, canForce: now - ordered.at >= 5_000 };
}
