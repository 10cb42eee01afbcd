import { describe, expect, test } from "vitest";

import type { Flow, SampleRow } from "../api/types";
import {
  type Column,
  applyFix,
  changeSource,
  corrected,
  excludeImages,
  imagesNode,
  merged,
  putBack,
  relabelImages,
  restoreLabels,
  rolesOf,
  whyNotRole,
  withLabelKind,
  withRole,
} from "./data_edits";

const flow = (settings: Record<string, unknown> = {}): Flow =>
  ({
    nodes: [
      { id: "pictures", component: "images", settings: { source: "/d", ...settings } },
      { id: "head", component: "head", settings: {} },
    ],
    edges: [],
    groups: [],
    layout: {},
    recipe: { epochs: 3, class_weights: "none" },
  }) as unknown as Flow;

const settings = (of: Flow) => imagesNode(of)!.settings as Record<string, unknown>;
const row = (key: string, label: string[], found: string[] | null = null): SampleRow =>
  ({ key, digest: "", label, found_label: found, split: "train", width: 1, height: 1, is_excluded: false, problem: null });

describe("leaving images out", () => {
  test("putting back undoes excluding, to the letter", () => {
    const before = flow();
    expect(putBack(excludeImages(before, "pictures", ["a", "b"]), "pictures", ["b", "a"])).toEqual(before);
  });
  test("an image is left out once", () => {
    const once = excludeImages(flow(), "pictures", ["a"]);
    expect(excludeImages(once, "pictures", ["a"])).toBe(once);
    expect(settings(excludeImages(once, "pictures", ["a", "b"]))["exclude"]).toEqual(["a", "b"]);
  });
  test("putting back what is in use is no edit", () => {
    const before = flow({ exclude: ["a"] });
    expect(putBack(before, "pictures", ["z"])).toBe(before);
  });
});

describe("labels", () => {
  test("a label that the image was found with needs no correction", () => {
    const changed = relabelImages(flow(), "pictures", [row("a", ["cat"])], "dog");
    expect(settings(changed)["relabel"]).toEqual({ a: "dog" });
    expect(settings(relabelImages(changed, "pictures", [row("a", ["dog"], ["cat"])], "cat"))["relabel"]).toBeUndefined();
  });
  test("only those images are restored", () => {
    const restored = restoreLabels(flow({ relabel: { a: "x", b: "y" } }), "pictures", ["a"]);
    expect(settings(restored)["relabel"]).toEqual({ b: "y" });
  });
  test("giving the label that it has is no edit", () => {
    const before = flow({ relabel: { a: "dog" } });
    expect(relabelImages(before, "pictures", [row("a", ["dog"], ["cat"])], "dog")).toBe(before);
  });
  test("rows show the flow's corrections before the server does, and their end", () => {
    const shown = corrected(row("a", ["cat"]), new Set(["a"]), { a: "x;y" });
    expect(shown).toMatchObject({ is_excluded: true, label: ["x", "y"], found_label: ["cat"] });
    expect(corrected(shown, new Set(), {})).toMatchObject({ is_excluded: false, label: ["cat"], found_label: null });
  });
});

test("a fix changes images and recipe at once, nothing else", () => {
  const fixed = applyFix(flow({ validation: 0.2 }), "pictures", {
    changes: { exclude: ["a"] },
    recipe_changes: { class_weights: "balanced" },
  });
  expect(settings(fixed)).toEqual({ source: "/d", validation: 0.2, exclude: ["a"] });
  expect(fixed.recipe).toMatchObject({ epochs: 3, class_weights: "balanced" });
});

test("other images keep shares and size, and lose columns and corrections", () => {
  const before = flow({ test: 0.3, size: 64, exclude: ["a"], relabel: { b: "c" }, label_column: "y" });
  const after = changeSource(before, "pictures", { source: "/t", settings: { source: "/t/x.csv", image_column: "f" } });
  expect(settings(after)).toEqual({ test: 0.3, size: 64, source: "/t/x.csv", image_column: "f" });
});

describe("columns", () => {
  const column = (name: string, type: Column["type"]): Column =>
    ({ name, type, role: "ignore", num_missing: 0, num_distinct: 2, examples: [] });
  const columns = [column("file", "image"), column("y", "category"), column("z", "number"), column("w", "number")];
  const start = { source: "/t", image_column: "file", label_column: "y" };

  test("roles are read back from the settings that they made", () => {
    const next = merged(start, withRole(columns, start, "z", "input"));
    expect(next["number_columns"]).toEqual(["z"]);
    expect(rolesOf(columns, next)).toEqual({ file: "image", y: "label", z: "input", w: "ignore" });
    expect(merged(next, withRole(columns, next, "z", "ignore"))).toEqual(start);
  });
  test("a class has one column; another one takes its place", () => {
    expect(rolesOf(columns, withRole(columns, start, "z", "label"))).toMatchObject({ y: "ignore", z: "label" });
  });
  test("numbers may have several columns; classes then keep the first", () => {
    const numbers = merged(start, { label_kind: "number", label_column: "z" });
    const both = merged(numbers, withRole(columns, numbers, "w", "label"));
    expect(both["label_columns"]).toEqual(["z", "w"]);
    expect(merged(both, withLabelKind(both, "category"))).toMatchObject({ label_column: "z" });
  });
  test("a column of words is no column of images", () => {
    expect(whyNotRole(columns[1]!, "image")).not.toBeNull();
    expect(whyNotRole(columns[1]!, "label")).toBeNull();
  });
});
