import { expect, test } from "vitest";

import type { Flow } from "../api/types";
import { around, firstPlaces, freePlace, overlaps, pushApart, ranksOf, snap, snapPlace } from "./place";

const box = (x: number, y: number, width = 240, height = 180) => ({ x, y, width, height });
const end = (text: string) => ({ node: text.split(".")[0] ?? "", port: text.split(".")[1] ?? "" });
const wire = (source: string, target: string) => ({ source: end(source), target: end(target) });
const flowOf = (ids: string[], edges: ReturnType<typeof wire>[], layout: Flow["layout"] = {}): Flow =>
  ({ nodes: ids.map((id) => ({ id, component: id, settings: {}, title: "", is_bypassed: false })), edges, layout, groups: [] }) as unknown as Flow;

test("snapping twice is snapping once", () => {
  for (const value of [-13, -6, 0, 5.9, 6, 100]) expect(snap(snap(value))).toBe(snap(value));
  expect(snapPlace([13, -13])).toEqual([12, -12]);
  expect(Object.is(snap(-1), 0)).toBe(true);
});

test("boxes that share an edge do not cover each other", () => {
  expect(overlaps(box(0, 0), box(240, 0))).toBe(false);
  expect(overlaps(box(0, 0), box(239, 0))).toBe(true);
  expect(overlaps(box(0, 0), box(250, 0), 20)).toBe(true);
});

test("a box around boxes holds each of them", () => {
  expect(around([box(-10, 5), box(100, 300)])).toEqual({ x: -10, y: 5, width: 350, height: 475 });
  expect(around([])).toBeNull();
});

test("a new box lies on the grid and on no other", () => {
  const others = [box(0, 0), box(0, 200), box(100, 420)];
  const [x, y] = freePlace([10, 10], { width: 240, height: 180 }, others);
  expect([x % 12, y % 12]).toEqual([0, 0]);
  expect(others.some((other) => overlaps(box(x, y), other))).toBe(false);
});

test("boxes that do not touch stay where they are", () => {
  expect(pushApart({ a: box(0, 0), b: box(300, 0) })).toEqual({});
});

test("boxes pushed apart cover no other and keep their order", () => {
  const boxes = { a: box(0, 0, 284, 400), b: box(280, 0, 250, 300), c: box(280, 160, 250, 300), d: box(560, 80, 284, 90) };
  const moved = pushApart(boxes);
  const after = Object.entries(boxes).map(([id, item]) => ({ ...item, x: moved[id]?.[0] ?? item.x, y: moved[id]?.[1] ?? item.y }));
  after.forEach((a, index) => after.slice(index + 1).forEach((b) => expect(overlaps(a, b)).toBe(false)));
  const [, b, c, d] = after;
  expect(b && c && d && b.x === c.x && b.y < c.y && d.x > c.x).toBe(true);
});

test("a node without a place comes to the right of what feeds it", () => {
  const flow = flowOf(["a", "b", "c"], [wire("a.x", "b.x"), wire("b.x", "c.x"), wire("a.y", "c.y")], { a: [0, 0] });
  const places = firstPlaces(flow);
  expect(Object.keys(places)).toEqual(["b", "c"]);
  expect((places["b"]?.[0] ?? 0) > 0 && (places["c"]?.[0] ?? 0) > (places["b"]?.[0] ?? 0)).toBe(true);
  expect(ranksOf(flow)).toEqual({ a: 0, b: 1, c: 2 });
});

test("a loop does not hang the ranks", () => {
  expect(Object.keys(ranksOf(flowOf(["a", "b"], [wire("a.x", "b.x"), wire("b.x", "a.x")]))).sort()).toEqual(["a", "b"]);
});
