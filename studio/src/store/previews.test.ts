import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Flow } from "../api/types";

type Asked = { node: string; signal: AbortSignal; answer: (document: object) => void; refuse: (error: Error) => void };
const asked: Asked[] = [];

vi.stubGlobal("window", globalThis);
vi.stubGlobal("location", { pathname: "/", search: "" });
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
vi.mock("../api/client", async (load) => {
  const real = await load<typeof import("../api/client")>();
  return {
    ...real,
    api: { POST: (_: string, call: { body: { node: string }; signal: AbortSignal }) => call, GET: () => ({}) },
    must: ({ body, signal }: { body: { node: string }; signal: AbortSignal }) =>
      new Promise((answer, refuse) => {
        asked.push({ node: body.node, signal, answer: (document) => answer({ document }), refuse });
        signal.addEventListener("abort", () => refuse(new DOMException("gone", "AbortError")));
      }),
  };
});

const { Refusal } = await import("../api/client");
const { openDoc, activate, closeDoc, useOpen } = await import("./doc");
const { setSettings } = await import("../model/edits");
const { useSession } = await import("./session");
const { useView } = await import("./view");
const { retryPreviews, startPreviews, usePreviews } = await import("./previews");

const node = (id: string, component: string) => ({ id, component, settings: {}, title: "", is_bypassed: false });
const wire = (a: string, b: string) => ({ source: { node: a, port: "out" }, target: { node: b, port: "in" } });
const flow = {
  format: 1, name: "f", title: "", description: "", groups: [], layout: {}, recipe: { seed: 0, augment: "none" },
  nodes: [node("a", "images"), node("b", "pooling"), node("c", "head")],
  edges: [wire("a", "b"), wire("b", "c")],
} as unknown as Flow;
const document = (from_cache = false) => ({ from_cache, seconds: 0.1, samples: [] });
const statuses = () => Object.fromEntries(Object.entries(usePreviews.getState().boards["p/f"] ?? {}).map(([id, item]) => [id, item.status]));
const rest = () => vi.advanceTimersByTimeAsync(130);
const last = () => asked.at(-1) as Asked;

describe("previews are asked for", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    asked.length = 0;
    usePreviews.setState({ boards: {} });
    useView.setState({ arePreviewsOn: true, selection: [], samples: null, previewRun: null });
    useSession.setState({ link: "open" });
    startPreviews();
    openDoc("p/f", flow);
    activate("p/f");
  });
  afterEach(async () => {
    closeDoc("p/f");
    await rest();
    vi.useRealTimers();
  });
  const edit = (id: string) => useOpen.getState().docs["p/f"]?.getState().edit("x", (now) => setSettings(now, id, { n: asked.length + 1 }));

  it("one at a time, along the wires; the cache is told apart", async () => {
    await rest();
    expect(asked.map((item) => item.node)).toEqual(["a"]);
    expect(statuses()).toEqual({ a: "running", b: "queued", c: "queued" });
    last().answer(document(true));
    await rest();
    last().answer(document());
    await rest();
    last().answer(document());
    await rest();
    expect(asked.map((item) => item.node)).toEqual(["a", "b", "c"]);
    expect(statuses()).toEqual({ a: "cached", b: "done", c: "done" });
  });

  it("a burst of edits makes one request, and ends the one that is outdated", async () => {
    await rest();
    const first = last();
    edit("a");
    edit("a");
    expect(first.signal.aborted).toBe(true);
    await rest();
    expect(asked).toHaveLength(2);
    expect(last().node).toBe("a");
  });

  it("an edit further on leaves a running preview alone", async () => {
    await rest();
    edit("c");
    await rest();
    expect(last().signal.aborted).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it("what stands on a refusal waits; trying again goes on", async () => {
    await rest();
    last().refuse(new Refusal(422, { message: "No folder.", error: "DataError" }));
    await rest();
    expect(statuses()).toEqual({ a: "failed", b: "waiting", c: "waiting" });
    expect(asked).toHaveLength(1);
    retryPreviews();
    await rest();
    expect(asked).toHaveLength(2);
  });

  it("code that is not trusted counts as not loaded", async () => {
    await rest();
    last().refuse(new Refusal(403, { message: "Not trusted.", error: "NotTrusted" }));
    await rest();
    expect(statuses()["a"]).toBe("not-loaded");
  });

  it("while the server is away nothing is asked; when it is back, all goes on", async () => {
    await rest();
    useSession.setState({ link: "lost" });
    last().refuse(new Refusal(0, { message: "away" }));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(1);
    useSession.setState({ link: "open" });
    await rest();
    expect(asked.map((item) => item.node)).toEqual(["a", "a"]);
  });

  it("switched off, nothing is asked", async () => {
    useView.setState({ arePreviewsOn: false });
    await rest();
    expect(asked).toHaveLength(0);
  });

  it("other samples make all due, and the old pictures stay meanwhile", async () => {
    await rest();
    last().answer(document());
    await rest();
    useView.setState({ samples: ["k"] });
    await rest();
    expect(usePreviews.getState().boards["p/f"]?.["a"]).toMatchObject({ status: "running", document: document() });
  });
});
