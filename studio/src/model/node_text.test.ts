import { expect, test } from "vitest";

import { nodeText } from "./node_text";

test("the nodes of a flow file are cut out of it", () => {
  const yaml = "format: 1\nname: flow\nnodes:\n- id: head\n  settings:\n    code: |\n      nodes:\n      x\nedges: []\nrecipe: {}\n";
  expect(nodeText(yaml)).toBe("- id: head\n  settings:\n    code: |\n      nodes:\n      x");
});

test("text without nodes stays", () => {
  expect(nodeText("nodes: []\n")).toBe("nodes: []\n");
});
