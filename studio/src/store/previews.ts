/** A preview of each node of the active flow, kept up to date while it is edited. */
import { useEffect } from "react";
import { create } from "zustand";

import { Refusal, api, must } from "../api/client";
import type { AppInfo, Flow, PreviewDocument, ProjectCard } from "../api/types";
import {
  type Board,
  type Look,
  NOTHING,
  type Preview,
  type PreviewError,
  type PreviewStatus,
  isNotLoaded,
  nextDue,
  previewKeys,
  put,
  retry,
  statusText,
  sync,
} from "../model/preview_queue";
import { useChecks } from "./checking";
import { splitKey, useDoc, useOpen } from "./doc";
import { queries, useSession } from "./session";
import { useView } from "./view";

export type { Preview, PreviewError, PreviewStatus } from "../model/preview_queue";

const WAIT_MS = 60;
const RETRY_MS = 3000;

type PreviewState = { boards: Record<string, Board> };
export const usePreviews = create<PreviewState>(() => ({ boards: {} }));

const visible = new Map<string, number>();
const boardOf = (key: string): Board => usePreviews.getState().boards[key] ?? {};
const setBoard = (key: string, board: Board): void => {
  if (boardOf(key) !== board) usePreviews.setState((state) => ({ boards: { ...state.boards, [key]: board } }));
};

let going: { flow: string; node: string; key: string; abort: AbortController } | null = null;
let timer: number | undefined;
let isStarted = false;

/** Return what previews are shown on: samples, split, number, weights. */
export function lookNow(): Look {
  const { samples, sampleSplit, numSamples, previewRun } = useView.getState();
  return { samples, split: sampleSplit, number: samples ? samples.length : numSamples, run: previewRun };
}

function now(): { key: string; flow: Flow; keys: Map<string, string> } | null {
  const { active, docs } = useOpen.getState();
  const flow = active ? docs[active]?.getState().flow : undefined;
  return active && flow ? { key: active, flow, keys: previewKeys(flow, lookNow()) } : null;
}

/** Mark what is due, end what is outdated, and go on after a short rest. */
function refresh(rest = WAIT_MS): void {
  const here = now();
  if (going && (going.flow !== here?.key || here.keys.get(going.node) !== going.key)) stop();
  if (!here) return;
  const problems = useChecks.getState().checks[here.key]?.problems ?? [];
  setBoard(here.key, sync(boardOf(here.key), here.flow, here.keys, problems));
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void next(), rest);
}

function stop(): void {
  const last = going;
  going = null;
  last?.abort.abort();
  if (last) setBoard(last.flow, put(boardOf(last.flow), last.node, { status: "stale", key: null }));
}

async function next(): Promise<void> {
  const here = now();
  if (going || !here || !useView.getState().arePreviewsOn || useSession.getState().link === "lost") return;
  const seen = new Set(visible.keys());
  const node = nextDue(boardOf(here.key), here.flow, useView.getState().selection, seen);
  if (node === null) return;
  const mine = { flow: here.key, node, key: here.keys.get(node) ?? "", abort: new AbortController() };
  going = mine;
  setBoard(here.key, put(boardOf(here.key), node, { status: "running", key: mine.key, error: null }));
  const change = await ask(here.key, here.flow, node, mine.key, mine.abort.signal);
  if (going !== mine) return;
  going = null;
  if (change) setBoard(here.key, put(boardOf(here.key), node, change));
  else setBoard(here.key, put(boardOf(here.key), node, { status: "stale", key: null }));
  refresh(change ? 0 : RETRY_MS);
}

async function ask(key: string, flow: Flow, node: string, stands: string, signal: AbortSignal): Promise<Partial<Preview> | null> {
  try {
    const document = await askPreview(splitKey(key).project, flow, node, {}, signal);
    return { status: document.from_cache ? "cached" : "done", document, error: null, key: stands };
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    if (error instanceof Refusal && error.isOffline) return null;
    const found = errorOf(error);
    return { status: isNotLoaded(found.kind) ? "not-loaded" : "failed", error: found, key: stands };
  }
}

function errorOf(error: unknown): PreviewError {
  if (!(error instanceof Refusal))
    return { kind: "Error", message: String(error), hint: null, line: null, isProblem: false };
  const { line = null, hint = null, message } = error.body;
  return { kind: error.kind, message, hint, line, isProblem: false };
}

export type PreviewChoice = {
  port?: string | null;
  channel?: number | null;
  order?: "index" | "activity";
  run?: string | null;
  samples?: readonly string[] | null;
};

/** Ask for one preview, apart from the queue: another output, one channel, other weights. */
export async function askPreview(
  project: string,
  flow: Flow,
  node: string,
  choice: PreviewChoice,
  signal?: AbortSignal,
): Promise<PreviewDocument> {
  const look = lookNow();
  const samples = choice.samples === undefined ? look.samples : choice.samples;
  const body = {
    flow,
    node,
    samples: samples ? [...samples] : null,
    number: samples ? samples.length || 1 : look.number,
    split: look.split as "train" | "validation" | "test" | null,
    run: choice.run === undefined ? look.run : choice.run,
    port: choice.port ?? null,
    channel: choice.channel ?? null,
    order: choice.order ?? "activity",
  };
  const params = { path: { project } };
  const call = api.POST("/api/projects/{project}/previews", { params, body, ...(signal ? { signal } : {}) });
  return (await must(call)).document;
}

/** Ask again for what failed or was not loaded: the code is trusted now, a file has come. */
export function retryPreviews(node?: string): void {
  const here = now();
  if (!here) return;
  setBoard(here.key, retry(boardOf(here.key), (_, id) => node === undefined || id === node));
  refresh(0);
}

/** Begin to follow the flow, the check, the view and the link. Once for the page. */
export function startPreviews(): void {
  if (isStarted) return;
  isStarted = true;
  let endDoc = () => {};
  const followDoc = () => {
    endDoc();
    const { active, docs } = useOpen.getState();
    const doc = active ? docs[active] : undefined;
    endDoc = doc ? doc.subscribe((state, before) => void (state.flow !== before.flow && refresh())) : () => {};
    refresh(0);
  };
  useOpen.subscribe((state, before) => {
    const was = before.active ? before.docs[before.active] : undefined;
    if (state.active !== before.active || (state.active && state.docs[state.active] !== was)) followDoc();
  });
  useChecks.subscribe(() => refresh());
  useView.subscribe((state, before) => {
    const names = ["samples", "sampleSplit", "numSamples", "previewRun", "arePreviewsOn", "selection"] as const;
    if (names.some((name) => state[name] !== before[name])) refresh();
  });
  useSession.subscribe((state, before) => void (state.link === "open" && before.link !== "open" && refresh(0)));
  followTrust();
  followDoc();
}

/** Code that was not trusted runs as soon as its project is. */
function followTrust(): void {
  const trusted = new Set<string>();
  queries.getQueryCache().subscribe(({ type, query }) => {
    if (type !== "updated") return; // other news come while something is drawn
    const [name] = query.queryKey;
    if (name !== "app" && name !== "project") return;
    const data = query.state.data as AppInfo | ProjectCard | undefined;
    const cards = data === undefined ? [] : "projects" in data ? data.projects : [data];
    const fresh = cards.filter((card) => card.is_trusted && !trusted.has(card.id));
    if (!fresh.length) return;
    for (const card of fresh) trusted.add(card.id);
    retryPreviews();
    for (const key of ["base", "plan", "cuts"]) void queries.invalidateQueries({ queryKey: [key] });
  });
}

/** Return the nodes of the active flow that gave no picture for reasons that no check can know: data, files, code. */
export function useFailures(): readonly string[] {
  const active = useOpen((state) => state.active);
  const failed = usePreviews((state) => {
    const board = active ? (state.boards[active] ?? {}) : {};
    const found = Object.entries(board).filter(([, { status, error }]) => error && !error.isProblem && (status === "failed" || status === "not-loaded"));
    return found.map(([node]) => node).join("\n");
  });
  return failed === "" ? [] : failed.split("\n");
}

/** Return the preview of a node; while it is on the screen it goes first. */
export function usePreview(id: string): Preview {
  useEffect(() => {
    startPreviews();
    visible.set(id, (visible.get(id) ?? 0) + 1);
    return () => {
      const left = (visible.get(id) ?? 1) - 1;
      if (left > 0) visible.set(id, left);
      else visible.delete(id);
    };
  }, [id]);
  const active = useOpen((state) => state.active);
  return usePreviews((state) => (active ? (state.boards[active]?.[id] ?? NOTHING) : NOTHING));
}

/** Return how far a node's preview is, in a word and in words, and the milliseconds that it took. */
export function useNodeStatus(id: string): { status: PreviewStatus; text: string; ms: number | null } {
  useEffect(startPreviews, []);
  const active = useOpen((state) => state.active);
  const preview = usePreviews((state) => (active ? (state.boards[active]?.[id] ?? NOTHING) : NOTHING));
  const waitsFor = useDoc(({ flow }) => {
    const node = preview.waitsFor ? flow.nodes.find((item) => item.id === preview.waitsFor) : undefined;
    return node ? node.title || node.id : "";
  });
  const areOn = useView((state) => state.arePreviewsOn);
  const isPaused = !areOn && ["queued", "stale", "running"].includes(preview.status);
  const ms = preview.document ? preview.document.seconds * 1000 : null;
  if (isPaused) return { status: preview.document ? "stale" : "idle", text: "Previews are off", ms };
  return { status: preview.status, text: statusText(preview, () => waitsFor), ms };
}
