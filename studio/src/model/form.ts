/** Forms from JSON schemas: what a setting may be, how it is typed, what is wrong with it, in words. */

export type Schema = Readonly<Record<string, unknown>>;

export type Limits = { least?: number; above?: number; most?: number; below?: number };

/** What a value may be. */
export type Shape =
  | { kind: "text"; pattern: string | null }
  | { kind: "number"; isWhole: boolean; limits: Limits }
  | { kind: "flag" }
  | { kind: "choice"; choices: readonly (string | number)[] }
  | { kind: "list"; item: Shape; least: number; most: number | null }
  | { kind: "pair"; items: readonly Shape[] }
  | { kind: "record"; fields: readonly Field[] }
  | { kind: "map"; value: Shape }
  | { kind: "either"; options: readonly Shape[] }
  | { kind: "json" };

/** One setting, as a form shows it. */
export type Field = {
  name: string;
  label: string;
  help: string;
  shape: Shape;
  /** Whether nothing is a value too. */
  canBeEmpty: boolean;
  /** What nothing means: "Empty: the strategy decides". */
  emptyWords: string;
  fallback: unknown;
  isRequired: boolean;
};

/** Return the settings of a schema, in its order. */
export function fieldsOf(schema: Schema): Field[] {
  const definitions = (schema["$defs"] ?? {}) as Record<string, Schema>;
  return fieldsIn(schema, definitions);
}

function fieldsIn(schema: Schema, definitions: Record<string, Schema>): Field[] {
  const properties = (schema["properties"] ?? {}) as Record<string, Schema>;
  const required = new Set((schema["required"] ?? []) as string[]);
  return Object.entries(properties).map(([name, property]) => {
    const help = String(property["description"] ?? "");
    const options = (property["anyOf"] ?? []) as Schema[];
    const shape = shapeOf(property, definitions);
    return {
      name,
      label: labelOf(name),
      help,
      shape,
      canBeEmpty: options.some((option) => option["type"] === "null"),
      emptyWords: emptyWords(help),
      fallback: "default" in property ? property["default"] : emptyOf(shape),
      isRequired: required.has(name),
    };
  });
}

function shapeOf(schema: Schema, definitions: Record<string, Schema>): Shape {
  const reference = schema["$ref"];
  if (typeof reference === "string") return shapeOf(definitions[reference.split("/").pop() ?? ""] ?? {}, definitions);
  if (Array.isArray(schema["anyOf"])) {
    const options = (schema["anyOf"] as Schema[]).filter((option) => option["type"] !== "null");
    const shapes = options.map((option) => shapeOf(option, definitions));
    return shapes.length === 1 && shapes[0] ? shapes[0] : { kind: "either", options: shapes };
  }
  if (Array.isArray(schema["enum"])) return { kind: "choice", choices: schema["enum"] as (string | number)[] };
  if ("const" in schema) return { kind: "choice", choices: [schema["const"] as string | number] };
  switch (schema["type"]) {
    case "string":
      return { kind: "text", pattern: typeof schema["pattern"] === "string" ? schema["pattern"] : null };
    case "integer":
    case "number":
      return { kind: "number", isWhole: schema["type"] === "integer", limits: limitsOf(schema) };
    case "boolean":
      return { kind: "flag" };
    case "array":
      return arrayOf(schema, definitions);
    case "object":
      return objectOf(schema, definitions);
    default:
      return { kind: "json" };
  }
}

function arrayOf(schema: Schema, definitions: Record<string, Schema>): Shape {
  if (Array.isArray(schema["prefixItems"])) {
    return { kind: "pair", items: (schema["prefixItems"] as Schema[]).map((item) => shapeOf(item, definitions)) };
  }
  return {
    kind: "list",
    item: shapeOf((schema["items"] ?? {}) as Schema, definitions),
    least: Number(schema["minItems"] ?? 0),
    most: typeof schema["maxItems"] === "number" ? schema["maxItems"] : null,
  };
}

function objectOf(schema: Schema, definitions: Record<string, Schema>): Shape {
  if (schema["properties"]) return { kind: "record", fields: fieldsIn(schema, definitions) };
  return { kind: "map", value: shapeOf((schema["additionalProperties"] ?? {}) as Schema, definitions) };
}

function limitsOf(schema: Schema): Limits {
  const limits: Limits = {};
  if (typeof schema["minimum"] === "number") limits.least = schema["minimum"];
  if (typeof schema["exclusiveMinimum"] === "number") limits.above = schema["exclusiveMinimum"];
  if (typeof schema["maximum"] === "number") limits.most = schema["maximum"];
  if (typeof schema["exclusiveMaximum"] === "number") limits.below = schema["exclusiveMaximum"];
  return limits;
}

/** Return a name as people read it: "num_classes" is "Num classes". */
export function labelOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function emptyWords(help: string): string {
  const said = /\bEmpty: ([^.]*)/.exec(help)?.[1];
  return said ? `Empty: ${said}` : "Empty";
}

/** Return the value of a shape that holds nothing yet. */
export function emptyOf(shape: Shape): unknown {
  switch (shape.kind) {
    case "text":
      return "";
    case "number":
      return shape.limits.least ?? (shape.limits.above === undefined ? 0 : shape.limits.above + 1);
    case "flag":
      return false;
    case "choice":
      return shape.choices[0] ?? "";
    case "list":
      return [];
    case "pair":
      return shape.items.map(emptyOf);
    case "record":
      return Object.fromEntries(shape.fields.map((field) => [field.name, field.fallback]));
    case "map":
      return {};
    case "either":
      return shape.options[0] ? emptyOf(shape.options[0]) : null;
    case "json":
      return null;
  }
}

/** Return what numbers may be, in words: "from 0 to below 1"; empty where there is no limit. */
export function limitWords({ least, above, most, below }: Limits): string {
  const low = least !== undefined ? `at least ${least}` : above !== undefined ? `above ${above}` : "";
  const high = most !== undefined ? `at most ${most}` : below !== undefined ? `below ${below}` : "";
  return [low, high].filter(Boolean).join(" and ");
}

/** Return both ends where a slider makes sense: a share or a small range with both limits. */
export function sliderOf(shape: Shape): { min: number; max: number; step: number } | null {
  if (shape.kind !== "number") return null;
  const min = shape.limits.least ?? shape.limits.above;
  const max = shape.limits.most ?? shape.limits.below;
  if (min === undefined || max === undefined || max - min > 1000) return null;
  const step = shape.isWhole ? 1 : (max - min) / 100;
  return {
    min: shape.limits.least === undefined ? min + step : min,
    max: shape.limits.most === undefined ? max - step : max,
    step,
  };
}

/** Whether a value can be typed on one line: numbers, words, and short rows of them. */
export function isOneLine(shape: Shape): boolean {
  switch (shape.kind) {
    case "number":
    case "text":
      return true;
    case "list":
      return shape.item.kind === "number" || isMixed(shape.item);
    case "pair":
      return shape.items.every((item) => item.kind === "number");
    case "either":
      return shape.options.every((option) => option.kind === "number" || option.kind === "text" || isOneLineList(option));
    default:
      return false;
  }
}

const isMixed = (shape: Shape): boolean =>
  shape.kind === "either" && shape.options.every((option) => option.kind === "number" || option.kind === "text");
const isOneLineList = (shape: Shape): boolean => shape.kind === "list" && shape.item.kind === "number";

/** Return a value as it is typed on one line. */
export function typed(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.map(typed).join(", ") : String(value);
}

export type Read = { value: unknown } | { fault: string };

/** Read what was typed on one line. */
export function readLine(shape: Shape, text: string): Read {
  switch (shape.kind) {
    case "number":
      return readNumber(shape, text);
    case "list":
    case "pair":
      return readRow(shape, text);
    case "either":
      return readEither(shape.options, text);
    default:
      return checked(shape, text);
  }
}

function readNumber(shape: Shape & { kind: "number" }, text: string): Read {
  const trimmed = text.trim().replace("−", "-");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) {
    return { fault: `'${shorten(text.trim())}' is no ${shape.isWhole ? "whole number" : "number"}.` };
  }
  return checked(shape, Number(trimmed));
}

function readRow(shape: Shape & { kind: "list" | "pair" }, text: string): Read {
  const parts = text.split(/[\s,;×]+/).filter(Boolean);
  if (shape.kind === "pair" && parts.length !== shape.items.length) {
    return { fault: `${shape.items.length} values are wanted, with a comma between them; ${parts.length} came.` };
  }
  const values: unknown[] = [];
  for (const [index, part] of parts.entries()) {
    const item = shape.kind === "pair" ? shape.items[index] : shape.item;
    const read = readLine(item ?? { kind: "json" }, part);
    if ("fault" in read) return read;
    values.push(read.value);
  }
  return checked(shape, values);
}

function readEither(options: readonly Shape[], text: string): Read {
  const isRow = /[,;×]|\S\s+\S/.test(text.trim());
  const ordered = [...options].sort((a, b) => Number((a.kind === "list") !== isRow) - Number((b.kind === "list") !== isRow));
  const reads = ordered.map((option) => readLine(option, text));
  return reads.find((read) => "value" in read) ?? reads[0] ?? { value: text };
}

const checked = (shape: Shape, value: unknown): Read => {
  const fault = faultOf(shape, value);
  return fault === null ? { value } : { fault };
};

/** Return what is wrong with a value, in words with its limits; null when it is right. */
export function faultOf(shape: Shape, value: unknown): string | null {
  switch (shape.kind) {
    case "number":
      return numberFault(shape, value);
    case "text":
      if (typeof value !== "string") return "This must be text.";
      return shape.pattern && !new RegExp(shape.pattern).test(value) ? patternWords(shape.pattern, value) : null;
    case "choice":
      return shape.choices.includes(value as string | number) ? null : `Choose one of ${shape.choices.join(", ")}.`;
    case "list":
      return listFault(shape, value);
    case "pair":
      if (!Array.isArray(value) || value.length !== shape.items.length) return `${shape.items.length} values are wanted.`;
      return firstFault(value.map((item: unknown, index) => faultOf(shape.items[index] ?? { kind: "json" }, item)));
    case "record":
      if (typeof value !== "object" || value === null) return "This must be a mapping of fields.";
      return firstFault(shape.fields.map((field) => fieldFault(field, (value as Record<string, unknown>)[field.name])));
    case "either": {
      const faults = shape.options.map((option) => faultOf(option, value));
      return faults.includes(null) ? null : (faults[0] ?? null);
    }
    default:
      return null;
  }
}

const firstFault = (faults: readonly (string | null)[]): string | null => faults.find((fault) => fault !== null) ?? null;

function fieldFault(field: Field, value: unknown): string | null {
  if (value === undefined) return field.isRequired ? `${field.label} is missing.` : null;
  if (value === null) return field.canBeEmpty ? null : `${field.label} is missing.`;
  if (field.isRequired && value === "") return `${field.label} is missing.`;
  return faultOf(field.shape, value);
}

function listFault(shape: Shape & { kind: "list" }, value: unknown): string | null {
  if (!Array.isArray(value)) return "This must be a list.";
  if (value.length < shape.least) return `At least ${shape.least} ${shape.least === 1 ? "entry is" : "entries are"} wanted.`;
  if (shape.most !== null && value.length > shape.most) return `At most ${shape.most} entries are taken.`;
  return firstFault(value.map((item: unknown) => faultOf(shape.item, item)));
}

function numberFault(shape: Shape & { kind: "number" }, value: unknown): string | null {
  if (typeof value !== "number" || !Number.isFinite(value)) return "This must be a number.";
  if (shape.isWhole && !Number.isInteger(value)) return `${value} is no whole number.`;
  const { least, above, most, below } = shape.limits;
  const isOut =
    (least !== undefined && value < least) ||
    (above !== undefined && value <= above) ||
    (most !== undefined && value > most) ||
    (below !== undefined && value >= below);
  return isOut ? `${value} does not fit: it must be ${limitWords(shape.limits)}.` : null;
}

function patternWords(pattern: string, value: string): string {
  if (pattern === "^[a-z]$") return `'${shorten(value)}' is no input: one letter from a to z is wanted.`;
  return `'${shorten(value)}' does not fit the pattern ${pattern}.`;
}

/** Whether two values of settings are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}

/** Return what is saved for a value: nothing where it is the default, so that the flow stays short. */
export function saved(field: Field, value: unknown): unknown {
  return !field.isRequired && isSame(value, field.fallback) ? undefined : value;
}

/** Return a value in a few words: for labels of edits and for defaults. */
export function valueWords(value: unknown): string {
  if (value === null || value === undefined || value === "") return "empty";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return shorten(value.split("\n")[0] ?? "");
  if (Array.isArray(value)) {
    if (value.length === 0) return "empty";
    const isPlain = value.every((item) => typeof item !== "object");
    return isPlain ? shorten(value.join(", ")) : `${value.length} ${value.length === 1 ? "entry" : "entries"}`;
  }
  if (typeof value === "object") {
    const count = Object.keys(value).length;
    return count === 0 ? "empty" : `${count} ${count === 1 ? "entry" : "entries"}`;
  }
  return String(value);
}

/** Return what an edit of a setting does, in words. */
export function editWords(setting: string, owner: string, value: unknown): string {
  const name = setting.replaceAll("_", " ");
  return value === undefined ? `Reset ${name} of ${owner}` : `Set ${name} of ${owner} to ${valueWords(value)}`;
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
