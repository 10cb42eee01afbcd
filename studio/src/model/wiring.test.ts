import { describe, expect, test } from "vitest";

import type { ComponentCard, Flow, NodeFace } from "../api/types";
import { type Kind, autoWire, fittingPorts, missingInputs, possibleWires, takes, whyNotWired, wireWords } from "./wiring";

const port = (name: string, kind: Kind | null, also: Kind[] = [], more: object = {}) => ({
  name,
  kind,
  also,
  shape: "…",
  is_optional: false,
  is_connected: false,
  is_known: true,
  help: "",
  ...more,
});
const face = (node: string, inputs: object[], outputs: object[]) => ({ node, component: node, title: node, inputs, outputs }) as unknown as NodeFace;
const end = (text: string) => ({ node: text.split(".")[0] ?? "", port: text.split(".")[1] ?? "" });
const wire = (source: string, target: string) => ({ source: end(source), target: end(target) });

const FACES = {
  images: face("images", [], [port("image", "image", [], { shape: "b × 3 × 224 × 224" }), port("labels", "labels")]),
  backbone: face("backbone", [port("image", "image")], [port("features", "features")]),
  head: face("head", [port("features", "features")], [port("logits", "logits")]),
  dense: face("dense", [port("features", "features", ["image", "logits"])], [port("features", "features")]),
  objective: face("objective", [port("logits", "logits", ["features"]), port("labels", "labels")], []),
};
const FLOW = {
  nodes: Object.keys(FACES).map((id) => ({ id })),
  edges: [wire("images.image", "backbone.image"), wire("backbone.features", "head.features"), wire("head.logits", "objective.logits")],
} as unknown as Flow;
const why = (source: string, target: string) => whyNotWired(FLOW, FACES, end(source), end(target));

describe("a wire that fits", () => {
  test.each([
    ["images.labels", "objective.labels"],
    ["images.image", "dense.features"],
    ["head.logits", "dense.features"],
    ["dense.features", "objective.logits"],
  ])("%s feeds %s", (source, target) => expect(why(source, target)).toBeNull());
});

describe("a wire that does not fit says why, with both sides named", () => {
  test.each([
    ["images.image", "objective.labels", "images cannot feed labels: 'objective.labels' takes labels."],
    ["images.image", "objective.logits", "images cannot feed logits: 'objective.logits' takes logits or features."],
    ["head.logits", "backbone.image", "logits cannot feed images: 'backbone.image' takes images."],
    ["head.logits", "head.features", "A node cannot feed itself."],
    ["images.image", "backbone.image", "'images.image' feeds 'backbone.image' already."],
    ["images.pixels", "backbone.image", "'images' has no output 'pixels'."],
    ["images.image", "backbone.picture", "'backbone' has no input 'picture'."],
  ])("%s to %s", (source, target, words) => expect(why(source, target)).toBe(words));
});

test("no wire closes a loop", () => {
  const faces = { a: face("a", [port("x", "features")], [port("y", "features")]), b: face("b", [port("x", "features")], [port("y", "features")]) };
  const flow = { nodes: [{ id: "a" }, { id: "b" }], edges: [wire("a.y", "b.x")] } as unknown as Flow;
  expect(whyNotWired(flow, faces, end("b.y"), end("a.x"))).toBe("That makes a loop: 'b' stands on 'a'.");
});

test("what is not known yet is not refused", () => {
  expect(takes(port("a", null), port("b", "image"))).toBe(true);
  expect(takes(port("a", "labels"), port("b", null))).toBe(true);
});

test("every wire on offer can be drawn, and free inputs come first", () => {
  const offers = possibleWires(FLOW, FACES, "dense");
  expect(offers.length).toBeGreaterThan(2);
  for (const offer of offers) expect(whyNotWired(FLOW, FACES, offer.source, offer.target)).toBeNull();
  const flags = offers.map((offer) => offer.replaces !== null);
  expect(flags).toEqual([...flags].sort((a, b) => Number(a) - Number(b)));
  const ofPort = possibleWires(FLOW, FACES, "images", { name: "labels", side: "output" });
  expect(ofPort.map((offer) => offer.target)).toEqual([end("objective.labels")]);
});

const card = (name: string, inputs: object[], outputs: object[]) => ({ name, inputs, outputs }) as unknown as ComponentCard;

test("a new node is wired to the one that is selected where it fits", () => {
  const head = card("head", [port("features", "features")], [port("logits", "logits")]);
  expect(autoWire(FLOW, FACES, head, "backbone")).toEqual({ from: "features", to: "features" });
  expect(autoWire(FLOW, FACES, head, "images")).toBeNull();
  expect(autoWire(FLOW, FACES, head, "objective")).toBeNull();
});

test("of the ports that fit, the one of the same kind comes first", () => {
  const two = card("two", [port("any", "features", ["labels"]), port("labels", "labels")], []);
  expect(fittingPorts(two, port("labels", "labels"), "output")).toEqual(["labels", "any"]);
  expect(fittingPorts(two, port("image", "image"), "output")).toEqual([]);
});

test("a wire is read out with its ends, kind and shape", () => {
  expect(wireWords(FACES, wire("images.image", "backbone.image"))).toBe("images.image to backbone.image: image, b × 3 × 224 × 224");
  expect(wireWords(FACES, wire("gone.x", "head.features"))).toBe("gone.x to head.features: unknown kind, shape not known yet");
});

test("an input that must be fed and is not is named", () => {
  const sample = face("o", [port("a", "logits", [], { is_connected: true }), port("b", "labels"), port("c", "labels", [], { is_optional: true })], []);
  expect(missingInputs(sample)).toEqual(["b"]);
});
