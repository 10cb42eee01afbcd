import { expect, test } from "vitest";

import { fullSettings, minimalSettings, sideFor, thumbnailUrl } from "./thumbnails";

const parts = (url: string) => {
  const [path, query] = url.split("?");
  return { path, query: new URLSearchParams(query) };
};

test("corrections and splits do not change a picture's address", () => {
  const plain = thumbnailUrl("p", { source: "/data" }, { key: "a/1.jpg", digest: "ab" }, 128);
  const edited = { source: "/data", exclude: ["x"], relabel: { y: "z" }, validation: 0.3, test: 0, train_share: 0.1, split_seed: 3, size: 64 };
  expect(thumbnailUrl("p", edited, { key: "a/1.jpg", digest: "ab" }, 128)).toBe(plain);
  expect(thumbnailUrl("p", fullSettings(edited), { key: "a/1.jpg", digest: "ab" }, 128)).toBe(plain);
});

test("keys with signs of addresses come through whole", () => {
  const { query, path } = parts(thumbnailUrl("p", { source: "/d" }, { key: "a b/50%&#é.png", digest: "0f" }, 64));
  expect(path).toBe("/api/projects/p/thumbnails/0f.jpg");
  expect(query.get("key")).toBe("a b/50%&#é.png");
  expect(query.get("side")).toBe("64");
});

test("columns that name images are part of the address, whatever their order", () => {
  const one = minimalSettings({ source: "/t.csv", image_column: "file", label_kind: "tags" });
  const other = minimalSettings({ label_kind: "tags", image_column: "file", source: "/t.csv" });
  expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  expect(one).toEqual({ source: "/t.csv", image_column: "file", label_kind: "tags" });
});

test("an image of unknown digest is never kept for good", () => {
  expect(parts(thumbnailUrl("p", { source: "/d" }, { key: "k", digest: "" })).path).toContain("/now.jpg");
});

test("full settings have every field, and nothing that is no setting", () => {
  const full = fullSettings({ source: "/d", exclude: ["a"], note: 1 });
  expect(full.exclude).toEqual(["a"]);
  expect(full.validation).toBe(0.15);
  expect("note" in full).toBe(false);
});

test("a picture is at least as sharp as the screen", () => {
  expect(sideFor(100)).toBe(128);
  expect(sideFor(100, 2)).toBe(256);
  expect(sideFor(4000)).toBe(1024);
});
