import { describe, expect, test } from "vitest";

import type { Flow } from "../api/types";
import { dataOrder, groupKey, nodeKey, outlineRows, treeMove } from "./outline";

const flow = (nodes: string, wires: string, groups: Record<string, string> = {}): Flow =>
  ({
    nodes: nodes.split(" ").map((id) => ({ id, component: id, settings: {}, title: "", is_bypassed: false })),
    edges: wires
      .split(" ")
      .filter(Boolean)
      .map((wire) => {
        const [from, to] = wire.split(">");
        return { source: { node: from, port: "out" }, target: { node: to, port: "in" } };
      }),
    groups: Object.entries(groups).map(([id, inside]) => ({ id, title: "", nodes: inside.split(" "), is_collapsed: false, color: "" })),
  }) as unknown as Flow;

const ids = (of: Flow) => dataOrder(of).map((node) => node.id);
const open = new Set<string>();

describe("the order of the data", () => {
  test("each node comes after what it takes from", () => {
    expect(ids(flow("head base images", "images>base base>head"))).toEqual(["images", "base", "head"]);
  });
  test("a loop loses no node", () => {
    expect(ids(flow("a b c", "a>b b>a b>c")).sort()).toEqual(["a", "b", "c"]);
  });
  test("a wire from a node that is gone holds nothing up", () => {
    expect(ids(flow("a", "gone>a"))).toEqual(["a"]);
  });
});

describe("rows", () => {
  const one = flow("images base head", "images>base base>head", { g: "base head" });
  test("groups hold their nodes, nodes the wires that come in", () => {
    expect(outlineRows(one, open).map((row) => `${"-".repeat(row.level)}${row.kind}`)).toEqual([
      "-node",
      "-group",
      "--node",
      "---wire",
      "--node",
      "---wire",
    ]);
  });
  test("what is folded is out of sight, and nothing else", () => {
    expect(outlineRows(one, new Set([groupKey("g")])).map((row) => row.key)).toEqual([nodeKey("images"), groupKey("g")]);
    expect(outlineRows(one, new Set([nodeKey("base")])).length).toBe(5);
  });
  test("every node is a row once", () => {
    const nodes = outlineRows(one, open).flatMap((row) => (row.kind === "node" ? [row.node.id] : []));
    expect([...nodes].sort()).toEqual(["base", "head", "images"]);
  });
});

describe("keys", () => {
  const rows = outlineRows(flow("images base", "images>base"), open);
  const [images, base, wire] = [nodeKey("images"), nodeKey("base"), rows[2]!.key];
  test.each([
    [images, "ArrowDown", { go: base }],
    [images, "ArrowUp", null],
    [images, "End", { go: wire }],
    [base, "ArrowLeft", { close: base }],
    [base, "ArrowRight", { go: wire }],
    [wire, "ArrowLeft", { go: base }],
    [images, "ArrowRight", null],
    ["gone", "ArrowDown", { go: images }],
  ])("%s %s", (here, key, result) => expect(treeMove(rows, here, key, open)).toEqual(result));
  test("right opens what is folded", () => {
    expect(treeMove(rows, base, "ArrowRight", new Set([base]))).toEqual({ open: base });
  });
});
