import { expect, test } from "vitest";

import { fit, ranked } from "./search";

test("no query fits everything alike", () => {
  expect(ranked(["b", "a"], "", (text) => [text])).toEqual(["b", "a"]);
});

test("all words must occur", () => {
  expect(fit("batch norm", "Batch norm")).toBeGreaterThan(0);
  expect(fit("batch size", "Batch norm")).toBe(0);
});

test("the title counts more than the rest, its beginning more than its middle", () => {
  const items = [["Pooling", "of features"], ["Feature maps"], ["Old features"], ["Subfeature"]] as const;
  expect(ranked(items, "feature", (item) => item).map(([title]) => title)).toEqual([
    "Feature maps",
    "Old features",
    "Subfeature",
    "Pooling",
  ]);
});

test("first letters of words do", () => {
  expect(fit("bn", "Batch norm")).toBeGreaterThan(0);
  expect(fit("nb", "Batch norm")).toBe(0);
});

test("signs of patterns are letters here", () => {
  expect(fit("(", "Head (new)")).toBeGreaterThan(0);
  expect(fit("[", "Head")).toBe(0);
});
