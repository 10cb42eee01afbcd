import { beforeEach, expect, test, vi } from "vitest";

import type { Flow } from "../api/types";
import { activate, docKey, emptyFlow, openDoc, redo, undo, useOpen } from "./doc";
import { openFlow, resolve, save, useSaving } from "./saving";

// The typed client keeps fetch and Request from its first moment on, and Node's Request wants a whole address.
const server = vi.hoisted(() => {
  const found = { answer: (_: Request): Promise<Response> => Promise.reject(new Error("not yet")) };
  const Plain = globalThis.Request;
  globalThis.Request = class extends Plain {
    constructor(input: string | URL | Request, init?: RequestInit) {
      super(typeof input === "string" ? new URL(input, "http://server") : input, init);
    }
  };
  globalThis.fetch = (input) => found.answer(input as Request);
  Object.assign(globalThis, { window: globalThis });
  return found;
});

// A server with one file: it refuses a writer who did not read what is there now.
const disk = { flow: { ...emptyFlow(), name: "f" } as Flow, digest: "d0" };
let isAway = false;

async function answer(input: Request): Promise<Response> {
  if (isAway) throw new TypeError("Failed to fetch");
  const file = () => ({ name: "f", digest: disk.digest, modified: 0, flow: disk.flow, text: "", problems: [] });
  if (input.method === "PUT") {
    const body = (await input.json()) as { flow: Flow; if_digest: string };
    if (body.if_digest !== disk.digest) return Response.json({ error: "FlowChanged", message: "changed" }, { status: 409 });
    write(body.flow);
  }
  return Response.json(file());
}

function write(flow: Flow): void {
  disk.flow = flow;
  disk.digest = `d${Number(disk.digest.slice(1)) + 1}`;
}

const key = docKey("p", "f");
const title = () => useOpen.getState().docs[key]!.getState().flow.title;
const status = () => useSaving.getState().files[key]?.status;
const rename = (to: string) =>
  useOpen.getState().docs[key]!.getState().edit(`Call it ${to}`, (flow) => ({ ...flow, title: to }));

server.answer = answer;

beforeEach(async () => {
  isAway = false;
  disk.flow = { ...emptyFlow(), name: "f" };
  disk.digest = "d0";
  useOpen.setState({ docs: {}, active: null });
  useSaving.setState({ files: {} });
  await openFlow("p", "f");
  activate(key);
});

test("an edit reaches the disk", async () => {
  rename("a");
  expect(status()).toBe("unsaved");
  await save(key);
  expect(status()).toBe("saved");
  expect(disk.flow.title).toBe("a");
});

test("what somebody else wrote is not overwritten", async () => {
  rename("mine");
  write({ ...disk.flow, title: "theirs" });
  await save(key);
  expect(status()).toBe("conflict");
  expect(disk.flow.title).toBe("theirs");
  expect(title()).toBe("mine");
});

test("taking theirs ends the conflict and can be undone", async () => {
  rename("mine");
  write({ ...disk.flow, title: "theirs" });
  await save(key);
  await resolve(key, "theirs");
  expect([title(), status()]).toEqual(["theirs", "saved"]);
  expect(undo()).toBe("Take the other version");
  expect(title()).toBe("mine");
});

test("keeping mine overwrites knowingly", async () => {
  rename("mine");
  write({ ...disk.flow, title: "theirs" });
  await save(key);
  await resolve(key, "mine");
  expect([disk.flow.title, status()]).toEqual(["mine", "saved"]);
});

test("while the server is away the edit stays, and is saved when it is back", async () => {
  isAway = true;
  rename("later");
  await save(key);
  expect(status()).toBe("offline");
  isAway = false;
  await save(key);
  expect([disk.flow.title, status()]).toEqual(["later", "saved"]);
});

test("each edit is one step of undo, with its name", () => {
  rename("a");
  rename("b");
  expect(undo()).toBe("Call it b");
  expect(title()).toBe("a");
  expect(redo()).toBe("Call it b");
  expect(undo()).toBe("Call it b");
  expect(undo()).toBe("Call it a");
  expect(undo()).toBeNull();
});

test("an edit that changes nothing is no step", () => {
  useOpen.getState().docs[key]!.getState().edit("Nothing", (flow) => flow);
  expect(undo()).toBeNull();
});

test("a flow that is open already is left as it is", () => {
  rename("a");
  openDoc(key, emptyFlow());
  expect(title()).toBe("a");
});
