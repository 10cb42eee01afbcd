import { describe, expect, test } from "vitest";

import { type Field, type Shape, editWords, emptyOf, faultOf, fieldsOf, isOneLine, isSame, limitWords, readLine, saved, sliderOf, typed } from "./form";

const schema = {
  $defs: {
    Port: {
      type: "object",
      properties: {
        name: { type: "string" },
        kind: { enum: ["image", "features"], type: "string" },
        shape: { default: ["..."], items: { anyOf: [{ type: "integer" }, { type: "string" }] }, type: "array" },
      },
      required: ["name", "kind"],
    },
    Any: {},
  },
  required: ["source"],
  properties: {
    source: { type: "string", description: "Folder." },
    dropout: { type: "number", default: 0, minimum: 0, exclusiveMaximum: 1 },
    cut: { anyOf: [{ type: "string" }, { type: "null" }], default: null, description: "Frozen. Empty: the strategy decides." },
    kernel: { anyOf: [{ type: "integer", minimum: 1 }, { type: "array", items: { type: "integer", minimum: 1 } }], default: 3 },
    size: { anyOf: [{ type: "array", minItems: 2, maxItems: 2, prefixItems: [{ type: "integer", minimum: 1 }, { type: "integer", minimum: 1 }] }, { type: "null" }], default: null },
    value_range: { anyOf: [{ const: "auto", type: "string" }, { type: "array", prefixItems: [{ type: "number" }, { type: "number" }] }], default: "auto" },
    inputs: { type: "array", minItems: 1, items: { $ref: "#/$defs/Port" }, default: [] },
    options: { type: "object", additionalProperties: { $ref: "#/$defs/Any" } },
    is_on: { type: "boolean", default: true },
    channels: { type: "integer", enum: [1, 3], default: 3 },
  },
};
const fields = Object.fromEntries(fieldsOf(schema).map((field) => [field.name, field]));
const field = (name: string): Field => fields[name]!;
const value = (shape: Shape, text: string) => readLine(shape, text);

describe("shapes", () => {
  test("every property becomes a field, in order", () => {
    expect(Object.keys(fields)).toEqual(Object.keys(schema.properties));
  });
  test.each([
    ["source", "text"],
    ["dropout", "number"],
    ["cut", "text"],
    ["kernel", "either"],
    ["size", "pair"],
    ["value_range", "either"],
    ["inputs", "list"],
    ["options", "map"],
    ["is_on", "flag"],
    ["channels", "choice"],
  ])("%s is a %s", (name, kind) => expect(field(name).shape.kind).toBe(kind));
  test("a reference leads to its definition", () => {
    const shape = field("inputs").shape;
    expect(shape.kind === "list" && shape.item.kind === "record" && shape.item.fields.map((one) => one.name)).toEqual(["name", "kind", "shape"]);
  });
  test("the words after Empty say what nothing means", () => {
    expect(field("cut").emptyWords).toBe("Empty: the strategy decides");
    expect(field("dropout").canBeEmpty).toBe(false);
  });
  test("short rows of numbers stand on one line, records do not", () => {
    expect(["kernel", "size", "dropout"].map((name) => isOneLine(field(name).shape))).toEqual([true, true, true]);
    expect(["inputs", "value_range", "is_on"].map((name) => isOneLine(field(name).shape))).toEqual([false, false, false]);
  });
  test("a map without a default is empty by default", () => expect(field("options").fallback).toEqual({}));
});

describe("what is typed", () => {
  test.each(["1e-3", "0.001", ".001", " 1E-3 "])("%s is a thousandth", (text) => {
    expect(value(field("dropout").shape, text)).toEqual({ value: 0.001 });
  });
  test.each(["", "abc", "1,5", "0x10", "1e", "NaN", "Infinity", "--1"])("'%s' is no number", (text) => {
    expect("fault" in value(field("dropout").shape, text)).toBe(true);
  });
  test("limits are said with the number", () => {
    expect(value(field("dropout").shape, "1")).toEqual({ fault: "1 does not fit: it must be at least 0 and below 1." });
  });
  test("one number or several, as it is typed", () => {
    expect(value(field("kernel").shape, "3")).toEqual({ value: 3 });
    expect(value(field("kernel").shape, "3, 5")).toEqual({ value: [3, 5] });
    expect(value(field("kernel").shape, "3 × 5")).toEqual({ value: [3, 5] });
    expect("fault" in value(field("kernel").shape, "3, 0")).toBe(true);
    expect("fault" in value(field("kernel").shape, "2.5")).toBe(true);
  });
  test("a pair wants two", () => {
    expect(value(field("size").shape, "64 32")).toEqual({ value: [64, 32] });
    expect("fault" in value(field("size").shape, "64")).toBe(true);
  });
  test("sizes of a port are numbers and words", () => {
    const shape = field("inputs").shape;
    const sizes = shape.kind === "list" && shape.item.kind === "record" ? shape.item.fields[2]!.shape : null;
    expect(sizes && isOneLine(sizes) && value(sizes, "b, 3, h, w")).toEqual({ value: ["b", 3, "h", "w"] });
  });
  test("what is typed and read comes back", () => {
    for (const [name, one] of [["kernel", [3, 5]], ["kernel", 7], ["dropout", 1e-7], ["size", [2, 3]]] as const) {
      expect(value(field(name).shape, typed(one))).toEqual({ value: one });
    }
  });
});

describe("faults", () => {
  test("every default is right", () => {
    for (const one of fieldsOf({ ...schema, properties: { ...schema.properties, inputs: { type: "boolean", default: true }, source: { type: "boolean", default: false } } })) {
      if (one.fallback !== null) expect([one.name, faultOf(one.shape, one.fallback)]).toEqual([one.name, null]);
    }
  });
  test("a list has a least length, and its records want their fields", () => {
    expect(faultOf(field("inputs").shape, [])).toContain("At least 1");
    expect(faultOf(field("inputs").shape, [{ name: "", kind: "image" }])).toBe("Name is missing.");
    expect(faultOf(field("inputs").shape, [{ name: "a", kind: "image" }])).toBeNull();
  });
  test("the empty value of a number lies within its limits", () => {
    const above: Shape = { kind: "number", isWhole: false, limits: { above: 0 } };
    expect(faultOf(above, emptyOf(above))).toBeNull();
  });
});

test("a slider needs both limits, and keeps off those that are left out", () => {
  expect(sliderOf(field("dropout").shape)).toEqual({ min: 0, max: 0.99, step: 0.01 });
  expect(sliderOf(field("kernel").shape)).toBeNull();
  expect(sliderOf({ kind: "number", isWhole: true, limits: { least: 0, below: 2 ** 32 } })).toBeNull();
});

test("limits in words", () => {
  expect(limitWords({ above: 0, most: 1 })).toBe("above 0 and at most 1");
  expect(limitWords({})).toBe("");
});

test("the default is not saved; what is required always is", () => {
  expect(saved(field("dropout"), 0)).toBeUndefined();
  expect(saved(field("dropout"), 0.2)).toBe(0.2);
  expect(saved(field("cut"), null)).toBeUndefined();
  expect(saved(field("source"), "")).toBe("");
});

test("values are the same by what they hold", () => {
  expect(isSame({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true);
  expect(isSame([1], [1, 2])).toBe(false);
  expect(isSame({ 0: 1 }, [1])).toBe(false);
  expect(isSame(null, {})).toBe(false);
});

test("edits say what they do", () => {
  expect(editWords("dropout", "head", 0.2)).toBe("Set dropout of head to 0.2");
  expect(editWords("batch_norm", "backbone", undefined)).toBe("Reset batch norm of backbone");
  expect(editWords("hidden", "head", [256, 64])).toBe("Set hidden of head to 256, 64");
  expect(editWords("clip_norm", "the recipe", null)).toBe("Set clip norm of the recipe to empty");
});
