import { expect, test } from "vitest";

import { SHORTCUTS, digitPressed, pressed, shortcutFor, showKeys } from "./keys";

const press = (key: string, more: Partial<KeyboardEvent> = {}) =>
  pressed({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

test("no two commands share a key in one scope", () => {
  const seen = SHORTCUTS.flatMap((item) => item.keys.map((key) => `${item.scope}:${key}`));
  expect(new Set(seen).size).toBe(seen.length);
});

test("single letters act on the canvas alone", () => {
  const letters = SHORTCUTS.filter((item) => item.keys.some((key) => /^[A-Z.]$/.test(key)));
  expect(letters.map((item) => item.scope)).toEqual(letters.map(() => "canvas"));
});

test("control and command are the same key", () => {
  expect(press("z", { ctrlKey: true })).toBe("Mod+Z");
  expect(press("z", { metaKey: true, shiftKey: true })).toBe("Mod+Shift+Z");
});

test("a sign does not say that Shift was held to type it", () => {
  expect(press("?", { shiftKey: true })).toBe("?");
  expect(digitPressed({ code: "Digit1", shiftKey: true })).toBe("Shift+1");
});

test("a canvas key does nothing elsewhere", () => {
  expect(shortcutFor("M", "canvas")?.id).toBe("bypass");
  expect(shortcutFor("M", "anywhere")).toBeNull();
});

test("a remapped command answers to its new key and not to its old one", () => {
  const remapped = { bypass: ["B"] };
  expect(shortcutFor("B", "canvas", remapped)?.id).toBe("bypass");
  expect(shortcutFor("M", "canvas", remapped)).toBeNull();
});

test("keys are shown as people read them", () => {
  expect(showKeys("Mod+Shift+Z")).toBe("Ctrl Shift Z");
  expect(showKeys("+")).toBe("+");
});
