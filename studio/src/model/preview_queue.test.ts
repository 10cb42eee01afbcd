import { describe, expect, it } from "vitest";

import type { Flow, FlowNode, PreviewDocument, Problem } from "../api/types";
import { connect, downstream, moveNodes, setRecipe, setSettings } from "./edits";
import * as q from "./preview_queue";

const node = (id: string, component: string, settings: Record<string, unknown> = {}): FlowNode =>
  ({ id, component, settings, title: "", is_bypassed: false }) as FlowNode;
const wire = (a: string, out: string, to: string, into: string) => ({ source: { node: a, port: out }, target: { node: to, port: into } });
const flow = {
  format: 1, name: "f", title: "", description: "", groups: [], layout: {},
  recipe: { seed: 0, augment: "none", epochs: 20 },
  nodes: [node("head", "head"), node("images", "images", { source: "a" }), node("base", "backbone", { base: "x" }), node("end", "classification"), node("side", "pooling")],
  edges: [wire("images", "image", "base", "image"), wire("base", "features", "head", "features"), wire("head", "logits", "end", "logits"), wire("base", "features", "side", "features")],
} as unknown as Flow;
const LOOK: q.Look = { samples: null, split: null, number: 4, run: null };
const keysOf = (of: Flow, look = LOOK) => q.previewKeys(of, look);
const changed = (a: Flow, b: Flow): string[] => [...keysOf(b)].filter(([id, key]) => keysOf(a).get(id) !== key).map(([id]) => id).sort();
const document = {} as PreviewDocument;
const done = (of: Flow): q.Board =>
  Object.fromEntries([...keysOf(of)].map(([id, key]) => [id, { ...q.NOTHING, status: "done" as const, document, key }]));
const problem = (id: string): Problem => ({ level: "error", message: "No input.", node: id, port: null, setting: null, hint: null, line: null });

describe("what an edit makes stale", () => {
  it("the edited node and what stands on it, nothing else", () => {
    for (const { id } of flow.nodes.filter((item) => item.id !== "base"))
      expect(changed(flow, setSettings(flow, id, { dropout: 0.5 }))).toEqual([...downstream(flow, id)].sort());
  });

  it("another base changes the images too: it says what size it wants", () => {
    expect(changed(flow, setSettings(flow, "base", { base: "z" }))).toEqual(["base", "end", "head", "images", "side"]);
  });

  it("how a base is trained changes no output; new weights do", () => {
    expect(changed(flow, setSettings(flow, "base", { cut: "stem", strategy: "most_layers", freeze: ["a"], batch_norm: "follow" }))).toEqual([]);
    expect(changed(flow, setSettings(flow, "base", { strategy: "from_scratch" }))).toContain("base");
  });

  it("layout, titles, groups and most of the recipe change nothing; seed and augmentation all", () => {
    const titled = { ...flow, nodes: flow.nodes.map((item) => ({ ...item, title: "T" })), title: "x" };
    for (const same of [moveNodes(flow, { head: [1, 2] }), titled, setRecipe(flow, { epochs: 3 })]) expect(changed(flow, same)).toEqual([]);
    expect(changed(flow, setRecipe(flow, { seed: 1 }))).toHaveLength(5);
    expect(changed(flow, setRecipe(flow, { augment: "light" }))).toHaveLength(5);
  });

  it("other samples and other weights change all", () => {
    for (const look of [{ ...LOOK, number: 2 }, { ...LOOK, run: "r1" }, { ...LOOK, samples: ["k"] }, { ...LOOK, split: "test" }])
      for (const [id, key] of keysOf(flow, look)) expect(key).not.toBe(keysOf(flow).get(id));
  });

  it("a loop does not hang", () => {
    expect(keysOf(connect(flow, { node: "end", port: "x" }, { node: "images", port: "y" })).size).toBe(5);
  });
});

describe("the queue", () => {
  it("a new flow is due along its wires; chosen and visible nodes first", () => {
    const board = q.sync({}, flow, keysOf(flow), []);
    expect(Object.values(board).every((item) => item.status === "queued")).toBe(true);
    expect(q.nextDue(board, flow, [], new Set())).toBe("images");
    expect(q.nextDue(board, flow, [], new Set(["side", "head"]))).toBe("head");
    expect(q.nextDue(board, flow, ["end"], new Set(["head"]))).toBe("end");
  });

  it("after an edit old pictures stay, stale, and the others are left alone", () => {
    const edited = setSettings(flow, "head", { dropout: 0.5 });
    const board = q.sync(done(flow), edited, keysOf(edited), []);
    expect(board["head"]).toMatchObject({ status: "stale", document });
    expect(board["end"]?.status).toBe("stale");
    expect(board["base"]?.status).toBe("done");
  });

  it("nothing changed: the very same board, so that nothing is drawn anew", () => {
    const board = done(flow);
    expect(q.sync(board, flow, keysOf(flow), [])).toBe(board);
  });

  it("taking an edit back makes old results stale again rather than wrong", () => {
    const edited = setSettings(flow, "head", { dropout: 0.5 });
    const board = q.sync(q.sync(done(flow), edited, keysOf(edited), []), flow, keysOf(flow), []);
    expect(board["head"]?.status).toBe("stale");
  });

  it("what stands on a failure waits for it, and is not asked for", () => {
    const board = q.put(done(flow), "base", { status: "failed", document: null });
    const next = q.sync(board, flow, keysOf(flow), []);
    expect(next["head"]).toMatchObject({ status: "waiting", waitsFor: "base" });
    expect(next["end"]).toMatchObject({ status: "waiting", waitsFor: "base" });
    expect(next["images"]?.status).toBe("done");
    expect(q.nextDue(next, flow, ["head"], new Set())).toBeNull();
  });

  it("a problem of the check fails without asking, and frees its node when it is gone", () => {
    const board = q.sync({}, flow, keysOf(flow), [problem("head")]);
    expect(board["head"]).toMatchObject({ status: "failed", error: { isProblem: true } });
    expect(board["end"]?.waitsFor).toBe("head");
    expect(q.statusText(board["head"] ?? q.NOTHING, String)).toBe("Needs input");
    const freed = q.sync(board, flow, keysOf(flow), []);
    expect(freed["head"]?.status).toBe("queued");
    expect(freed["end"]?.status).toBe("queued");
  });

  it("a refusal stays until something changes or one tries again", () => {
    const failed = q.put(done(flow), "side", { status: "failed", error: { kind: "E", message: "m", hint: null, line: null, isProblem: false } });
    expect(q.sync(failed, flow, keysOf(flow), [])["side"]?.status).toBe("failed");
    expect(q.retry(failed, () => true)["side"]?.status).toBe("stale");
  });

  it("nodes that are gone are forgotten", () => {
    const less = { ...flow, nodes: flow.nodes.filter((item) => item.id !== "side") };
    expect(Object.keys(q.sync(done(flow), less, keysOf(less), []))).not.toContain("side");
  });
});
