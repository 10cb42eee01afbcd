import { expect, test } from "vitest";

import type { AdaptedMethod } from "../api/types";
import { gainWords, planeOf, readNames, toneOf, verdictWords } from "./adapting";

const method = (more: Partial<AdaptedMethod>): AdaptedMethod =>
  ({ method: "coral", title: "CORAL", verdict: "helps", is_collapsed: false, ...more }) as AdaptedMethod;

test("gains are points with their sign", () => {
  expect(gainWords({ value: 0.101, low: -0.02, high: 0.2 })).toBe("+10.1 (−2.0 to +20.0)");
  expect(gainWords(null)).toBe("–");
});

test("a collapse is warned of whatever the score says", () => {
  expect(toneOf(method({ is_collapsed: true }))).toBe("warning");
  expect(verdictWords(method({ is_collapsed: true }))).toBe("collapsed, helps");
  expect(toneOf(method({ verdict: "harmful" }))).toBe("error");
  expect(verdictWords(method({ verdict: "unknown" }))).toBe("");
});

test("points are colored by domain or by class", () => {
  const map = {
    method: "coral",
    points: [
      { domain: "source" as const, key: "a", label: "cat", x: 0, y: 1 },
      { domain: "target" as const, key: "b", label: "dog", x: 2, y: 3 },
    ],
  };
  expect([...planeOf(map, ["cat", "dog"], "domain").color]).toEqual([0, 1]);
  expect([...planeOf(map, ["dog", "cat"], "class").color]).toEqual([1, 0]);
});

test("names are read from lines", () => {
  expect(readNames("Katze = cat\nHund=dog, x")).toEqual({ Katze: "cat", Hund: "dog" });
});
