import { describe, expect, test } from "vitest";

import type { Flow, FlowNode } from "../api/types";
import * as edits from "./edits";

const node = (id: string, component = id): FlowNode => ({ id, component, settings: {}, title: "", is_bypassed: false });
const wire = (a: string, b: string) => {
  const [from, out] = a.split(".") as [string, string];
  const [to, into] = b.split(".") as [string, string];
  return { source: { node: from, port: out }, target: { node: to, port: into } };
};
const flow = {
  format: 1,
  name: "f",
  title: "",
  description: "",
  nodes: [node("images"), node("backbone"), node("head"), node("objective", "classification")],
  edges: [
    wire("images.image", "backbone.image"),
    wire("backbone.features", "head.features"),
    wire("head.logits", "objective.logits"),
    wire("images.labels", "objective.labels"),
  ],
  groups: [{ id: "group_1", title: "g", nodes: ["backbone", "head"], is_collapsed: false, color: "" }],
  recipe: {},
  layout: { images: [0, 0], backbone: [300, 0], head: [600, 0], objective: [900, 0] },
} as unknown as Flow;

test("no edit changes the flow that it was given", () => {
  const before = JSON.stringify(flow);
  edits.removeNodes(flow, ["head"]);
  edits.connect(flow, { node: "images", port: "labels" }, { node: "objective", port: "logits" });
  edits.setSettings(flow, "head", { dropout: 0.5 });
  edits.pastePiece(flow, edits.copyPiece(flow, ["head"]), [10, 10]);
  edits.setBypassed(flow, ["head"], true);
  edits.groupNodes(flow, ["head"], "x");
  expect(JSON.stringify(flow)).toBe(before);
});

test("a removed node takes its wires, its place and its membership along", () => {
  const next = edits.removeNodes(flow, ["backbone", "head"]);
  expect(next.edges.map(edits.edgeKey)).toEqual(["images.labels→objective.labels"]);
  expect(Object.keys(next.layout)).toEqual(["images", "objective"]);
  expect(next.groups).toEqual([]);
});

test("an input holds one wire", () => {
  const next = edits.connect(flow, { node: "backbone", port: "features" }, { node: "objective", port: "logits" });
  const into = next.edges.filter((edge) => edits.endKey(edge.target) === "objective.logits");
  expect(into.map(edits.edgeKey)).toEqual(["backbone.features→objective.logits"]);
});

test("undefined takes a setting back to its default", () => {
  const set = edits.setSettings(flow, "head", { dropout: 0.5 });
  expect(edits.nodeOf(set, "head")?.settings).toEqual({ dropout: 0.5 });
  expect(edits.nodeOf(edits.setSettings(set, "head", { dropout: undefined }), "head")?.settings).toEqual({});
});

describe("copy and paste", () => {
  test("a piece goes through text and comes back under fresh ids, wired as it was", () => {
    const piece = edits.readPiece(JSON.stringify(edits.copyPiece(flow, ["backbone", "head"])));
    const { flow: next, ids } = edits.pastePiece(flow, piece!, [20, 30]);
    expect(ids).toEqual(["backbone_2", "head_2"]);
    expect(next.edges.map(edits.edgeKey)).toContain("backbone_2.features→head_2.features");
    expect(next.edges).toHaveLength(flow.edges.length + 1);
    expect(next.layout["head_2"]).toEqual([620, 30]);
  });
  test("other text is no piece", () => {
    for (const text of ["", "{", "3", "null", '{"graftwork":"piece"}']) expect(edits.readPiece(text)).toBeNull();
  });
});

test("upstream and downstream meet in the node alone when the flow is a chain", () => {
  const both = [...edits.upstream(flow, "head")].filter((id) => edits.downstream(flow, "head").has(id));
  expect(both).toEqual(["head"]);
  expect([...edits.downstream(flow, "images")].sort()).toEqual(["backbone", "head", "images", "objective"]);
});

test("a node is in one group at most", () => {
  const next = edits.groupNodes(flow, ["head", "objective"], "end");
  expect(next.groups.map((group) => group.nodes)).toEqual([["backbone"], ["head", "objective"]]);
  expect(new Set(next.groups.map((group) => group.id)).size).toBe(2);
});
