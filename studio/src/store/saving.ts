/** Edits reach the disk by themselves. What another tab or program wrote is never overwritten silently. */
import { create } from "zustand";

import { Refusal, api, must } from "../api/client";
import type { Flow, FlowFile } from "../api/types";
import { type Doc, docKey, openDoc, splitKey, useOpen } from "./doc";
import { feed, useSession } from "./session";

export type Saving =
  | { status: "saved" | "unsaved" | "saving"; digest: string }
  | { status: "offline" | "failed"; digest: string; message: string }
  | { status: "conflict"; digest: string; theirs: FlowFile | null };

type SavingState = { files: Record<string, Saving> };
export const useSaving = create<SavingState>(() => ({ files: {} }));

const WAIT_MS = 400;
const timers = new Map<string, number>();
const running = new Set<string>();

const put = (key: string, saving: Saving): void =>
  useSaving.setState((state) => ({ files: { ...state.files, [key]: saving } }));
const of = (key: string): Saving | undefined => useSaving.getState().files[key];

/** Open a flow file in a tab and keep it saved. A file that does not read as a flow is left to the text editor. */
export async function openFlow(project: string, name: string): Promise<FlowFile> {
  const key = docKey(project, name);
  const file = await must(
    api.GET("/api/projects/{project}/flows/{name}", { params: { path: { project, name } } }),
  );
  if (file.flow && !useOpen.getState().docs[key]) {
    const doc = openDoc(key, file.flow);
    put(key, { status: "saved", digest: file.digest });
    doc.subscribe((state, before) => {
      if (state.flow !== before.flow) schedule(key);
    });
  }
  return file;
}

function schedule(key: string): void {
  const now = of(key);
  if (!now || now.status === "conflict") return;
  if (now.status !== "saving") put(key, { status: "unsaved", digest: now.digest });
  window.clearTimeout(timers.get(key));
  timers.set(key, window.setTimeout(() => void save(key), WAIT_MS));
}

/** Save a flow now. */
export async function save(key: string): Promise<void> {
  window.clearTimeout(timers.get(key));
  const doc = useOpen.getState().docs[key];
  const now = of(key);
  if (!doc || !now || now.status === "conflict" || running.has(key)) return;
  const { flow } = doc.getState();
  running.add(key);
  put(key, { status: "saving", digest: now.digest });
  try {
    const file = await store(key, flow, now.digest);
    const isStill = doc.getState().flow === flow;
    put(key, { status: isStill ? "saved" : "unsaved", digest: file.digest });
    if (!isStill) schedule(key);
  } catch (error) {
    await refused(key, now.digest, error);
  } finally {
    running.delete(key);
  }
}

const store = (key: string, flow: Flow, digest: string): Promise<FlowFile> => {
  const { project, flow: name } = splitKey(key);
  const params = { path: { project, name } };
  return must(api.PUT("/api/projects/{project}/flows/{name}", { params, body: { flow, if_digest: digest } }));
};

async function refused(key: string, digest: string, error: unknown): Promise<void> {
  if (!(error instanceof Refusal)) throw error;
  if (error.status === 409) put(key, { status: "conflict", digest, theirs: await theirs(key) });
  else put(key, { status: error.isOffline ? "offline" : "failed", digest, message: error.message });
}

async function theirs(key: string): Promise<FlowFile | null> {
  const { project, flow: name } = splitKey(key);
  try {
    return await must(api.GET("/api/projects/{project}/flows/{name}", { params: { path: { project, name } } }));
  } catch {
    return null;
  }
}

/** End a conflict: take what is on the disk (undoable), or put mine over it, knowingly. */
export async function resolve(key: string, take: "theirs" | "mine"): Promise<void> {
  const now = of(key);
  const doc = useOpen.getState().docs[key];
  if (!doc || now?.status !== "conflict") return;
  const file = await theirs(key);
  const digest = file?.digest ?? now.digest;
  if (take === "theirs" && file?.flow) {
    const flow = file.flow;
    put(key, { status: "saved", digest });
    replace(doc, flow, "Take the other version");
    window.clearTimeout(timers.get(key));
    put(key, { status: "saved", digest });
    return;
  }
  put(key, { status: "unsaved", digest });
  await save(key);
}

function replace(doc: Doc, flow: Flow, label: string): void {
  doc.getState().edit(label, () => flow);
}

/** Take in what others write, and save what waited while the server was away. Returns how to end it. */
export function followFiles(): () => void {
  const endLists = feed.listen((message) => {
    if (message.kind !== "flows_changed") return;
    for (const { name, digest } of message.flows) void changedElsewhere(docKey(message.project, name), digest);
  });
  const endLink = useSession.subscribe((state, before) => {
    if (state.link !== "open" || before.link === "open") return;
    for (const [key, { status }] of Object.entries(useSaving.getState().files)) {
      if (status === "offline" || status === "failed" || status === "unsaved") void save(key);
    }
  });
  return () => {
    endLists();
    endLink();
  };
}

async function changedElsewhere(key: string, digest: string | null): Promise<void> {
  const now = of(key);
  const doc = useOpen.getState().docs[key];
  if (!now || !doc || digest === null || now.digest === digest || running.has(key)) return;
  if (now.status === "saved") {
    const file = await theirs(key);
    const later = of(key);
    if (!file?.flow || later?.status !== "saved" || later.digest === file.digest) return;
    replace(doc, file.flow, "Change from elsewhere");
    window.clearTimeout(timers.get(key));
    put(key, { status: "saved", digest: file.digest });
  } else if (now.status === "unsaved") {
    window.clearTimeout(timers.get(key));
    put(key, { status: "conflict", digest: now.digest, theirs: await theirs(key) });
  }
}
