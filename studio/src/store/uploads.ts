/** Files that were dropped on the page: read, shown, sent one by one, and described by the server as a source. */
import { create } from "zustand";

import { Refusal, api, must, send } from "../api/client";
import type { SourceCard } from "../api/types";
import { type DropPlan, type Dropped, dropName, planDrop } from "../model/uploads";

export type UploadState =
  | { status: "idle" }
  | { status: "reading"; found: number }
  | { status: "asking"; plan: DropPlan }
  | { status: "sending"; plan: DropPlan; sent: number; at: string }
  | { status: "describing"; plan: DropPlan }
  | { status: "failed"; message: string; hint: string | null; plan: DropPlan | null }
  | { status: "done"; card: SourceCard; name: string };

export const useUpload = create<UploadState>(() => ({ status: "idle" }));

let going: AbortController | null = null;
const put = (state: UploadState): void => useUpload.setState(state, true);

/** Give up what is under way; what was copied so far is not used. */
export function cancelUpload(): void {
  going?.abort();
  going = null;
  put({ status: "idle" });
}

/** Take what was dropped. The browser empties the drop once its event ends, so entries are taken at once. */
export function takeDrop(transfer: DataTransfer): void {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const loose = entries.length ? [] : [...transfer.files];
  void begin(async (signal) => [...(await readAll(entries, signal)), ...loose.map(looseFile)]);
}

/** Take what was chosen in the browser's own dialog. */
export function takeFiles(files: Iterable<File>): void {
  const chosen = [...files].map(looseFile);
  void begin(() => Promise.resolve(chosen));
}

const looseFile = (file: File): Dropped => ({
  path: file.webkitRelativePath || file.name,
  file: () => Promise.resolve(file),
});

async function begin(read: (signal: AbortSignal) => Promise<Dropped[]>): Promise<void> {
  going?.abort();
  const mine = new AbortController();
  going = mine;
  put({ status: "reading", found: 0 });
  try {
    const plan = planDrop(await read(mine.signal));
    if (mine.signal.aborted) return;
    if (plan.refusal) put({ status: "failed", message: plan.refusal, hint: null, plan });
    else put({ status: "asking", plan });
  } catch (error) {
    if (!mine.signal.aborted) put(failed(error, null));
  }
}

async function readAll(entries: readonly FileSystemEntry[], signal: AbortSignal): Promise<Dropped[]> {
  const found: Dropped[] = [];
  const waiting = [...entries];
  while (waiting.length > 0) {
    const entry = waiting.shift();
    if (!entry || signal.aborted) break;
    if (entry.isFile) found.push(fileOf(entry as FileSystemFileEntry));
    else waiting.push(...(await contentOf(entry as FileSystemDirectoryEntry)));
    if (found.length % 200 === 0) put({ status: "reading", found: found.length });
  }
  return found;
}

const fileOf = (entry: FileSystemFileEntry): Dropped => ({
  path: entry.fullPath.replace(/^\//, ""),
  file: () => new Promise((resolve, reject) => entry.file(resolve, reject)),
});

/** A folder gives its entries in portions of about a hundred; an empty portion is the end. */
async function contentOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return found;
    found.push(...part);
  }
}

/** Copy the dropped files into a project, and ask what they hold. */
export async function sendDrop(project: string, plan: DropPlan): Promise<void> {
  const mine = new AbortController();
  going = mine;
  const { signal } = mine;
  let sentTo: string | null = null;
  try {
    put({ status: "sending", plan, sent: 0, at: "" });
    const path = { project };
    const { id } = await must(api.POST("/api/projects/{project}/uploads", { params: { path }, signal }));
    sentTo = id;
    const place = `/api/projects/${encodeURIComponent(project)}/uploads/${encodeURIComponent(id)}/files`;
    for (const [sent, item] of plan.files.entries()) {
      put({ status: "sending", plan, sent, at: item.path });
      await send("PUT", `${place}?path=${encodeURIComponent(item.path)}`, await item.file(), signal);
      signal.throwIfAborted();
    }
    put({ status: "describing", plan });
    const params = { path: { project, upload: id } };
    const card = await must(api.POST("/api/projects/{project}/uploads/{upload}/done", { params, signal }));
    if (!signal.aborted) put({ status: "done", card, name: dropName(plan) });
  } catch (error) {
    if (!signal.aborted) put(failed(error, plan));
    if (sentTo) void discard(project, sentTo);
  }
}

/** Delete what was sent of an upload that was given up or failed; a server that is away keeps it. */
const discard = (project: string, upload: string): Promise<unknown> =>
  must(api.DELETE("/api/projects/{project}/uploads/{upload}", { params: { path: { project, upload } } })).catch(() => undefined);

function failed(error: unknown, plan: DropPlan | null): UploadState {
  const hint = error instanceof Refusal ? error.hint : null;
  return { status: "failed", message: error instanceof Error ? error.message : String(error), hint, plan };
}
