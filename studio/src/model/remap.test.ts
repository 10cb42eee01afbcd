import { expect, test } from "vitest";

import { SHORTCUTS } from "./keys";
import { keyFault, withKey } from "./remap";

const command = (id: string) => SHORTCUTS.find((item) => item.id === id)!;

test("every command can have the keys that it came with", () => {
  for (const item of SHORTCUTS) for (const key of item.keys) expect([item.id, keyFault(item, key, {})]).toEqual([item.id, null]);
});

test("a key that another command has is refused, and that one is named", () => {
  expect(keyFault(command("layout"), "Mod+G", {})).toContain("Group the selection");
  expect(keyFault(command("layout"), "Mod+K", {})).toContain("Search nodes and commands");
});

test("a key that was given away is free", () => {
  expect(keyFault(command("layout"), "Mod+G", { group: ["Mod+J"] })).toBeNull();
  expect(keyFault(command("layout"), "Mod+J", { group: ["Mod+J"] })).toContain("Group the selection");
});

test("a letter alone acts on the canvas only", () => {
  expect(keyFault(command("run"), "R", {})).not.toBeNull();
  expect(keyFault(command("layout"), "R", {})).toBeNull();
});

test("the browser keeps its keys", () => expect(keyFault(command("layout"), "Mod+T", {})).not.toBeNull());

test("the first key again is no change", () => {
  expect(withKey(command("run"), "Mod+Enter")).toBeNull();
  expect(withKey(command("redo"), "Mod+Y")).toEqual(["Mod+Y"]);
});
