import { beforeEach, expect, test, vi } from "vitest";

import type { DropPlan } from "../model/uploads";

const sent: string[] = [];
const deleted: string[] = [];
vi.mock("../api/client", () => ({
  Refusal: class extends Error {},
  api: {
    DELETE: (_path: string, { params }: { params: { path: { upload: string } } }) => Promise.resolve(deleted.push(params.path.upload)),
    POST: (path: string) => Promise.resolve(path.endsWith("done") ? { source: "/s" } : { id: "u1" }),
  },
  must: (answer: Promise<unknown>) => answer,
  send: (_method: string, url: string) => {
    sent.push(decodeURIComponent(url));
    return Promise.resolve();
  },
}));

const { cancelUpload, sendDrop, takeFiles, useUpload } = await import("./uploads");

const plan = (...paths: string[]): DropPlan => ({
  files: paths.map((path) => ({ path, file: () => Promise.resolve(new File(["x"], path)) })),
  numImages: paths.length,
  tables: [],
  archives: [],
  arrays: [],
  others: [],
  numHidden: 0,
  refusal: null,
  isLarge: false,
});

beforeEach(() => {
  cancelUpload();
  sent.length = 0;
  deleted.length = 0;
});

test("files are sent one by one under their own paths, then described", async () => {
  await sendDrop("p", plan("d/a/1.png", "d/b c/2&.png"));
  expect(sent).toEqual(["d/a/1.png", "d/b c/2&.png"].map((path) => `/api/projects/p/uploads/u1/files?path=${path}`));
  expect(useUpload.getState()).toEqual({ status: "done", card: { source: "/s" }, name: "d" });
});

test("canceling stops before the next file and shows nothing of it", async () => {
  const stopping = plan("1.png", "2.png");
  const files = [{ path: "1.png", file: () => (cancelUpload(), Promise.resolve(new File(["x"], "1.png"))) }, ...stopping.files.slice(1)];
  await sendDrop("p", { ...stopping, files });
  expect(sent).toHaveLength(1);
  expect(useUpload.getState()).toEqual({ status: "idle" });
  expect(deleted).toEqual(["u1"]);
});

test("a file that cannot be read says so, and can be tried again", async () => {
  const bad = { ...plan("1.png"), files: [{ path: "1.png", file: () => Promise.reject(new Error("It is gone.")) }] };
  await sendDrop("p", bad);
  expect(useUpload.getState()).toMatchObject({ status: "failed", message: "It is gone.", plan: bad });
});

test("chosen files wait for a yes; what is no data is refused", async () => {
  takeFiles([new File(["x"], "1.png")]);
  await vi.waitFor(() => expect(useUpload.getState().status).toBe("asking"));
  takeFiles([new File(["x"], "a.docx")]);
  await vi.waitFor(() => expect(useUpload.getState()).toMatchObject({ status: "failed", message: expect.stringContaining("a.docx") }));
});
