import { expect, test } from "vitest";

import type { Flow, NodeFace } from "../api/types";
import { type Scene, drawEdges, drawNodes } from "./drawing";

const end = (text: string) => ({ node: text.split(".")[0] ?? "", port: text.split(".")[1] ?? "" });
const port = (name: string) => ({ name, kind: "features", also: [], shape: "…", is_known: true });
const IDS = ["a", "b", "c"];
const FACES = Object.fromEntries(
  IDS.map((id) => [id, { node: id, title: id.toUpperCase(), inputs: [port("in")], outputs: [port("out")] } as unknown as NodeFace]),
);

function scene(isCollapsed: boolean, more: Partial<Scene> = {}): Scene {
  const flow = {
    nodes: IDS.map((id) => ({ id })),
    edges: [
      { source: end("a.out"), target: end("b.in") },
      { source: end("b.out"), target: end("c.in") },
    ],
    groups: [{ id: "g", title: "Both", nodes: ["a", "b"], is_collapsed: isCollapsed, color: "" }],
    layout: {},
  } as unknown as Flow;
  const boxes = Object.fromEntries(IDS.map((id, index) => [id, { x: 300 * index, y: 0, width: 250, height: 100 }]));
  const looks = Object.fromEntries(IDS.map((id) => [id, { face: FACES[id], problems: [] }]));
  return { flow, boxes, faces: FACES, looks, selected: new Set(), moving: {}, ...more };
}

test("an open group is a frame around its nodes", () => {
  const nodes = drawNodes(scene(false), []);
  expect(nodes.map((node) => node.id)).toEqual(["group:g", "a", "b", "c"]);
  const frame = nodes[0];
  expect((frame?.position.x ?? 0) < 0 && (frame?.width ?? 0) > 550).toBe(true);
});

test("a collapsed group hides its nodes, and wires end at its box", () => {
  expect(drawNodes(scene(true), []).map((node) => node.id)).toEqual(["group:g", "c"]);
  const edges = drawEdges(scene(true), []);
  expect(edges.map(({ source, sourceHandle, target }) => [source, sourceHandle, target])).toEqual([["group:g", "b.out", "c"]]);
});

test("what did not change keeps its identity, and what moved does not", () => {
  const before = drawNodes(scene(false), []);
  expect(drawNodes(scene(false), before)).toBe(before);
  const { boxes } = scene(false);
  const moved = drawNodes(scene(false, { boxes: { ...boxes, c: { ...boxes["c"]!, x: 700 } } }), before);
  expect(moved.filter((node, index) => node !== before[index]).map((node) => node.id)).toEqual(["c"]);
});

test("a wire waits for the check to tell of its ports", () => {
  expect(drawEdges(scene(false, { faces: {} }), [])).toEqual([]);
});
