/** Edits of the settings of an images node: corrections, fixes, columns. Each takes a flow and gives a new one. */
import type { DataFix, Flow, FlowNode, SampleRow, SourceCard } from "../api/types";
import { editNode, setRecipe, setSettings } from "./edits";
import { fullSettings } from "./thumbnails";

export type LabelKind = "category" | "number" | "tags" | "mask";
export type Column = SourceCard["columns"][number];
export type Role = Column["role"];

/** Return the node that reads the flow's images. */
export const imagesNode = (flow: Flow): FlowNode | null =>
  flow.nodes.find((node) => node.component === "images") ?? null;

export const images = (number: number): string => `${number.toLocaleString("en-US")} image${number === 1 ? "" : "s"}`;

/** Leave images out. */
export function excludeImages(flow: Flow, node: string, keys: readonly string[]): Flow {
  const before = settingsOf(flow, node).exclude;
  const next = [...new Set([...before, ...keys])];
  return next.length === before.length ? flow : setSettings(flow, node, { exclude: next });
}

/** Use images again that were left out. */
export function putBack(flow: Flow, node: string, keys: readonly string[]): Flow {
  const gone = new Set(keys);
  const before = settingsOf(flow, node).exclude;
  const next = before.filter((key) => !gone.has(key));
  return next.length === before.length ? flow : setSettings(flow, node, { exclude: next.length ? next : undefined });
}

export type Labeled = Pick<SampleRow, "key" | "label" | "found_label">;

/** Give images a label: a class, tags as "a;b", or numbers. One that an image was found with needs no correction. */
export function relabelImages(flow: Flow, node: string, rows: readonly Labeled[], label: string): Flow {
  const before = settingsOf(flow, node).relabel ?? {};
  const next = { ...before };
  for (const row of rows) {
    const found = (row.found_label ?? row.label).join(";");
    if (found === label) delete next[row.key];
    else next[row.key] = label;
  }
  return withRelabel(flow, node, before, next);
}

/** Take images back to the labels that they were found with. */
export function restoreLabels(flow: Flow, node: string, keys: readonly string[]): Flow {
  const before = settingsOf(flow, node).relabel ?? {};
  const gone = new Set(keys);
  return withRelabel(flow, node, before, Object.fromEntries(Object.entries(before).filter(([key]) => !gone.has(key))));
}

function withRelabel(flow: Flow, node: string, before: Record<string, string>, next: Record<string, string>): Flow {
  const names = Object.keys(next);
  const isSame = names.length === Object.keys(before).length && names.every((key) => before[key] === next[key]);
  return isSame ? flow : setSettings(flow, node, { relabel: names.length ? next : undefined });
}

/** Do what the data check proposes: settings of the images node and of the recipe, as one edit. */
export function applyFix(flow: Flow, node: string, fix: Pick<DataFix, "changes" | "recipe_changes">): Flow {
  const next = Object.keys(fix.changes).length ? setSettings(flow, node, fix.changes) : flow;
  const recipe = fix.recipe_changes as Partial<Flow["recipe"]>;
  return Object.keys(recipe).length ? setRecipe(next, recipe) : next;
}

/** Settings that say nothing of which images are read. */
const KEPT = new Set(["size", "validation", "test", "train_share", "split_seed"]);

/** Read other images: what belonged to the old ones (columns, corrections) goes; size and shares stay. */
export function changeSource(flow: Flow, node: string, card: Pick<SourceCard, "settings" | "source">): Flow {
  return editNode(flow, node, (old) => {
    const kept = Object.fromEntries(
      Object.entries(old.settings).filter(([name]) => KEPT.has(name)),
    );
    return { ...old, settings: { ...kept, source: card.source, ...card.settings } as FlowNode["settings"] };
  });
}

/** What a row is by the flow as it stands, before the server has read the data again. */
export function corrected(row: SampleRow, excluded: ReadonlySet<string>, relabel: Readonly<Record<string, string>>): SampleRow {
  const found = row.found_label ?? row.label;
  const text = relabel[row.key];
  const isRelabeled = text !== undefined && text !== found.join(";");
  return {
    ...row,
    is_excluded: excluded.has(row.key),
    label: isRelabeled ? text.split(";").filter(Boolean) : found,
    found_label: isRelabeled ? found : null,
  };
}

const ONE: readonly (readonly [Role, "image_column" | "mask_column" | "split_column" | "group_column"])[] = [
  ["image", "image_column"],
  ["mask", "mask_column"],
  ["split", "split_column"],
  ["group", "group_column"],
];
type Settings = Readonly<Record<string, unknown>>;
const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** Return what each column of a table is used for by the settings of an images node. */
export function rolesOf(columns: readonly Column[], settings: Settings): Record<string, Role> {
  const labels = new Set([...list(settings["label_columns"]), ...(settings["label_column"] ? [settings["label_column"]] : [])]);
  const inputs = new Set([...list(settings["number_columns"]), ...list(settings["category_columns"])]);
  const roles: Record<string, Role> = {};
  for (const { name } of columns) {
    const one = ONE.find(([, setting]) => settings[setting] === name);
    roles[name] = one ? one[0] : labels.has(name) ? "label" : inputs.has(name) ? "input" : "ignore";
  }
  return roles;
}

/** Return the settings that give one column another role; a role that one column holds moves to it. */
export function withRole(columns: readonly Column[], settings: Settings, name: string, role: Role): Record<string, unknown> {
  const roles = rolesOf(columns, settings);
  if (ONE.some(([single]) => single === role)) {
    for (const [other, held] of Object.entries(roles)) if (held === role) roles[other] = "ignore";
  }
  if (role === "label" && !takesSeveral(settings)) {
    for (const [other, held] of Object.entries(roles)) if (held === "label") roles[other] = "ignore";
  }
  roles[name] = role;
  return settingsFor(columns, roles);
}

const takesSeveral = (settings: Settings): boolean => settings["label_kind"] === "number" || settings["label_kind"] === "tags";

function settingsFor(columns: readonly Column[], roles: Readonly<Record<string, Role>>): Record<string, unknown> {
  const of = (role: Role) => columns.filter((column) => roles[column.name] === role);
  const names = (found: readonly Column[]) => (found.length ? found.map((column) => column.name) : undefined);
  const labels = names(of("label"));
  const inputs = of("input");
  const isNumber = (column: Column) => column.type === "number" || column.type === "binary";
  return {
    ...Object.fromEntries(ONE.map(([role, setting]) => [setting, of(role)[0]?.name])),
    label_column: labels?.length === 1 ? labels[0] : undefined,
    label_columns: labels && labels.length > 1 ? labels : undefined,
    number_columns: names(inputs.filter(isNumber)),
    category_columns: names(inputs.filter((column) => !isNumber(column))),
  };
}

/** Why a column cannot have a role; null when it can. */
export function whyNotRole(column: Column, role: Role): string | null {
  if (column.type === "empty") return role === "ignore" ? null : "The column is empty.";
  const isFile = column.type === "image" || column.type === "mask";
  if ((role === "image" || role === "mask") && !isFile) return "Its cells name no image files.";
  if (role !== "image" && role !== "mask" && role !== "ignore" && isFile) return "Its cells name image files.";
  return null;
}

/** Return the changes that make another kind of label; columns beyond the first go where one is all that fits. */
export function withLabelKind(settings: Settings, kind: LabelKind): Record<string, unknown> {
  const columns = list(settings["label_columns"]);
  const isMany = kind === "number" || kind === "tags";
  const changes: Record<string, unknown> = { label_kind: kind === "category" ? undefined : kind };
  if (!isMany && columns.length) return { ...changes, label_columns: undefined, label_column: columns[0] };
  return changes;
}

/** Put changes into settings; `undefined` takes one out. */
export function merged(settings: Settings, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...settings, ...changes }).filter(([, value]) => value !== undefined));
}

const settingsOf = (flow: Flow, node: string) =>
  fullSettings(flow.nodes.find((item) => item.id === node)?.settings ?? {});
