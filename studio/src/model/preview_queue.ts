/** Which previews are due, and in what order. Knows flows and keys; asks nobody. */
import type { Flow, FlowNode, PreviewDocument, Problem } from "../api/types";

export type PreviewStatus =
  | "idle"
  | "stale"
  | "queued"
  | "running"
  | "cached"
  | "done"
  | "failed"
  | "waiting"
  | "not-loaded";

export type PreviewError = { kind: string; message: string; hint: string | null; line: number | null; isProblem: boolean };

export type Preview = {
  status: PreviewStatus;
  /** Last good preview; it stays, dimmed, while a new one is made. */
  document: PreviewDocument | null;
  error: PreviewError | null;
  /** What `document` or `error` stands on. */
  key: string | null;
  /** The node that is waited for. */
  waitsFor: string | null;
};

export type Board = Readonly<Record<string, Preview>>;
export type Look = { samples: readonly string[] | null; split: string | null; number: number; run: string | null };

export const NOTHING: Preview = { status: "idle", document: null, error: null, key: null, waitsFor: null };

/** Settings of a base that say how it is trained; they do not change what it gives. */
const OF_TRAINING = new Set(["strategy", "cut", "freeze", "unfreeze", "batch_norm"]);
const FREEZING_ONLY = new Set(["freeze", "unfreeze", "time_limit", "memory_limit"]);

function settingsThatCount(node: FlowNode): unknown {
  const left = node.component === "backbone" ? OF_TRAINING : node.component === "custom" ? FREEZING_ONLY : null;
  if (!left) return node.settings;
  const kept = Object.fromEntries(Object.entries(node.settings).filter(([name]) => !left.has(name)));
  return { ...kept, isNew: node.settings["strategy"] === "from_scratch" };
}

/** What the images' own preview stands on: the bases say what size and range they want. */
function portsWanted(flow: Flow): unknown {
  return flow.nodes
    .filter((node) => node.component === "backbone" || node.component === "custom")
    .map(({ settings, is_bypassed: off }) => [settings["base"], settings["image_size"], settings["crop"], settings["value_range"], off]);
}

/** Return for each node a key that changes when its preview can change. */
export function previewKeys(flow: Flow, look: Look): Map<string, string> {
  const nodes = new Map(flow.nodes.map((node) => [node.id, node]));
  const ground = hash(JSON.stringify([flow.recipe.seed, flow.recipe.augment, portsWanted(flow), look]));
  const found = new Map<string, string>();
  const keyOf = (id: string, path: ReadonlySet<string>): string => {
    const known = found.get(id);
    if (known) return known;
    const node = nodes.get(id);
    if (!node || path.has(id)) return "";
    const inside = new Set(path).add(id);
    const inputs = flow.edges
      .filter((edge) => edge.target.node === id)
      .map((edge) => `${edge.target.port}<${edge.source.port}<${keyOf(edge.source.node, inside)}`)
      .sort();
    const own = [node.component, settingsThatCount(node), node.is_bypassed, inputs, ground, look.run ? id : ""];
    const key = hash(JSON.stringify(own));
    if (path.size === 0) found.set(id, key);
    return key;
  };
  for (const node of order(flow)) keyOf(node, new Set());
  return found;
}

function hash(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return ((b >>> 0).toString(36) + (a >>> 0).toString(36)).padStart(13, "0");
}

/** Return the nodes so that each comes after what it stands on; nodes in a loop come last. */
export function order(flow: Flow): string[] {
  const left = new Map(flow.nodes.map((node) => [node.id, new Set<string>()]));
  for (const { source, target } of flow.edges) if (left.has(source.node)) left.get(target.node)?.add(source.node);
  const done: string[] = [];
  while (left.size) {
    const free = [...left].filter(([, needs]) => needs.size === 0).map(([id]) => id);
    if (!free.length) return [...done, ...left.keys()];
    for (const id of free) left.delete(id);
    for (const needs of left.values()) for (const id of free) needs.delete(id);
    done.push(...free);
  }
  return done;
}

/** Errors of the check by node: the first of each. */
export function blockedBy(problems: readonly Problem[]): Map<string, Problem> {
  const found = new Map<string, Problem>();
  for (const problem of problems)
    if (problem.level === "error" && problem.node && !found.has(problem.node)) found.set(problem.node, problem);
  return found;
}

const fromProblem = (problem: Problem): PreviewError => ({
  kind: "Problem",
  message: problem.message,
  hint: problem.hint ?? null,
  line: problem.line ?? null,
  isProblem: true,
});

/** Bring the board in line with a flow: what changed is due, what stands on a failure waits for it. */
export function sync(board: Board, flow: Flow, keys: ReadonlyMap<string, string>, problems: readonly Problem[]): Board {
  const blocked = blockedBy(problems);
  const next: Record<string, Preview> = {};
  const stopped = new Map<string, string>();
  for (const id of order(flow)) {
    const old = board[id] ?? NOTHING;
    const key = keys.get(id) ?? "";
    const problem = blocked.get(id);
    const waitsFor = flow.edges
      .filter((edge) => edge.target.node === id)
      .map((edge) => stopped.get(edge.source.node))
      .find((name) => name !== undefined);
    let now: Preview;
    if (problem) now = { ...old, status: "failed", error: fromProblem(problem), key, waitsFor: null };
    else if (waitsFor) now = { ...old, status: "waiting", error: null, key: null, waitsFor };
    else if (isSettled(old, key)) now = old;
    else now = due(old);
    if (now.status === "failed" || now.status === "not-loaded") stopped.set(id, id);
    else if (now.status === "waiting") stopped.set(id, now.waitsFor ?? id);
    next[id] = isSame(old, now) ? old : now;
  }
  return sameBoard(board, next) ? board : next;
}

function isSettled(old: Preview, key: string): boolean {
  if (old.key !== key || old.error?.isProblem) return false;
  return ["done", "cached", "failed", "not-loaded", "running"].includes(old.status);
}

const due = (old: Preview): Preview => ({
  ...old,
  status: old.document ? "stale" : "queued",
  error: null,
  key: null,
  waitsFor: null,
});

const isSame = (a: Preview, b: Preview): boolean =>
  a === b ||
  (a.status === b.status &&
    a.document === b.document &&
    a.key === b.key &&
    a.waitsFor === b.waitsFor &&
    a.error?.message === b.error?.message &&
    a.error?.line === b.error?.line);

function sameBoard(a: Board, b: Board): boolean {
  const names = Object.keys(b);
  return names.length === Object.keys(a).length && names.every((name) => a[name] === b[name]);
}

/** Return the node whose preview is to be asked for next: chosen ones, visible ones, then along the wires. */
export function nextDue(
  board: Board,
  flow: Flow,
  selected: readonly string[],
  visible: ReadonlySet<string>,
): string | null {
  const waiting = order(flow).filter((id) => ["stale", "queued"].includes(board[id]?.status ?? "idle"));
  return (
    waiting.find((id) => selected.includes(id)) ?? waiting.find((id) => visible.has(id)) ?? waiting[0] ?? null
  );
}

export const put = (board: Board, id: string, change: Partial<Preview>): Board => ({
  ...board,
  [id]: { ...(board[id] ?? NOTHING), ...change },
});

/** Make previews that failed on the server due again; problems of the flow stay. */
export function retry(board: Board, which: (preview: Preview, id: string) => boolean): Board {
  return Object.fromEntries(
    Object.entries(board).map(([id, old]) => [
      id,
      (old.status === "failed" || old.status === "not-loaded") && !old.error?.isProblem && which(old, id) ? due(old) : old,
    ]),
  );
}

/** Kinds of refusal after which a thing counts as not loaded rather than failed. */
export const isNotLoaded = (kind: string): boolean => ["HubUnreachable", "MissingExtra", "NotTrusted"].includes(kind);

/** Say a status in words. */
export function statusText(preview: Preview, titleOf: (id: string) => string): string {
  const { status, error, waitsFor } = preview;
  if (status === "failed") return error?.isProblem ? "Needs input" : "Failed";
  if (status === "not-loaded") return error?.kind === "NotTrusted" ? "Trust this project to run its code" : "Not loaded";
  if (status === "waiting") return waitsFor ? `Waiting for ${titleOf(waitsFor)}` : "Waiting";
  return { idle: "", stale: "Changed", queued: "Queued", running: "Running…", cached: "Cached", done: "Ready" }[status];
}
