import { expect, test } from "vitest";

import { LANE, type LayoutBox, type LayoutWire, arrange, lanePath, lanesOf, stack } from "./layout";
import { overlaps } from "./place";

const node = (id: string, inputs: string[], outputs: string[], height = 200): LayoutBox => {
  const tops = (names: string[]) => Object.fromEntries(names.map((name, index) => [name, 56 + 24 * index]));
  return { id, width: 250, height, inputs: tops(inputs), outputs: tops(outputs) };
};
const wire = (from: string, to: string): LayoutWire => {
  const [source = "", out = ""] = from.split(".");
  const [target = "", into = ""] = to.split(".");
  return { source, out, target, in: into };
};

const BOXES = [
  node("images", [], ["image", "labels"], 360),
  node("backbone", ["image"], ["features"], 480),
  node("head", ["features"], ["logits"], 240),
  node("objective", ["logits", "labels"], [], 150),
];
const WIRES = [
  wire("images.image", "backbone.image"),
  wire("backbone.features", "head.features"),
  wire("head.logits", "objective.logits"),
  wire("images.labels", "objective.labels"),
];

const placed = async (boxes: LayoutBox[], wires: LayoutWire[]) => {
  const places = await arrange(boxes, wires);
  return boxes.map((box) => ({ ...box, x: places[box.id]?.[0] ?? NaN, y: places[box.id]?.[1] ?? NaN }));
};
const top = (box: { y: number; inputs: object; outputs: object } | undefined, side: "inputs" | "outputs", port: string) =>
  (box?.y ?? NaN) + ((box?.[side] as Record<string, number>)[port] ?? NaN);

test("the main chain comes out straight", async () => {
  const [images, backbone, head, objective] = await placed(BOXES, WIRES);
  expect(top(images, "outputs", "image")).toBe(top(backbone, "inputs", "image"));
  expect(top(backbone, "outputs", "features")).toBe(top(head, "inputs", "features"));
  expect(top(head, "outputs", "logits")).toBe(top(objective, "inputs", "logits"));
});

test("what feeds lies left of what is fed", async () => {
  const boxes = await placed(BOXES, WIRES);
  const byId = new Map(boxes.map((box) => [box.id, box]));
  for (const { source, target } of WIRES) {
    const [from, to] = [byId.get(source), byId.get(target)];
    expect((from?.x ?? 0) + 250).toBeLessThan(to?.x ?? -1);
  }
});

test("no box covers another, in a wide flow of boxes of all heights", async () => {
  const middle = Array.from({ length: 7 }, (_, index) => node(`m${index}`, ["a"], ["b"], 120 + 70 * index));
  const boxes = [node("in", [], ["x"], 300), ...middle, node("out", middle.map((_, index) => `p${index}`), [], 260)];
  const wires = middle.flatMap((box, index) => [wire("in.x", `${box.id}.a`), wire(`${box.id}.b`, `out.p${index}`)]);
  const found = await placed(boxes, wires);
  found.forEach((a, index) => found.slice(index + 1).forEach((b) => expect(overlaps(a, b)).toBe(false)));
});

test("no boxes, a lone box and a loop are arranged too", async () => {
  expect(await arrange([], [])).toEqual({});
  expect(await arrange([node("a", [], [])], [])).toEqual({ a: [0, 0] });
  const loop = await placed([node("a", ["i"], ["o"]), node("b", ["i"], ["o"])], [wire("a.o", "b.i"), wire("b.o", "a.i")]);
  expect(loop.every((box) => Number.isFinite(box.x) && Number.isFinite(box.y))).toBe(true);
});

test("stacked boxes keep the order of where they want to be", () => {
  const stacked = stack([
    { id: "b", height: 100, wanted: 20 },
    { id: "a", height: 100, wanted: 0 },
  ]);
  expect(stacked.map(({ id }) => id)).toEqual(["a", "b"]);
  expect((stacked[1]?.y ?? 0) >= 100).toBe(true);
});

const LONG = { key: "w", source: "a", target: "c", from: { x: 250, y: 80 }, to: { x: 900, y: 80 } };
const AT = (x: number, y: number, height = 200) => ({ x, y, width: 250, height });

test("a wire that would run through a box goes around it, and no other wire does", () => {
  const boxes = { a: AT(0, 20), b: AT(400, 0), c: AT(900, 20) };
  const lane = lanesOf([LONG], boxes)["w"] ?? NaN;
  expect(lane <= -LANE || lane >= 200 + LANE).toBe(true);
  expect(lanesOf([LONG], { a: AT(0, 20), b: AT(400, 300), c: AT(900, 20) })).toEqual({});
});

test("lanes do not lie on one another", () => {
  const boxes = { a: AT(0, 20), b: AT(400, 0), c: AT(900, 20), d: AT(900, 260) };
  const second = { ...LONG, key: "v", target: "d", to: { x: 900, y: 150 } };
  const lanes = Object.values(lanesOf([LONG, second], boxes));
  expect(lanes).toHaveLength(2);
  expect(Math.abs((lanes[0] ?? 0) - (lanes[1] ?? 0))).toBeGreaterThanOrEqual(LANE);
});

test("a lane begins and ends at its ports", () => {
  const path = lanePath({ x: 1, y: 2 }, { x: 400, y: 50 }, -30);
  expect(path.startsWith("M 1 2 ")).toBe(true);
  expect(path.endsWith("400 50")).toBe(true);
});
