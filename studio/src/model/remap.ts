/** Other keys for commands. */
import { type Remapped, SHORTCUTS, type Shortcut, showKeys } from "./keys";

/** Keys that the browser keeps for itself, or that text and focus need. */
const KEPT = new Set(["Tab", "Shift+Tab", "Mod+W", "Mod+T", "Mod+N", "Mod+R", "Mod+L", "F5", "F11", "F12"]);

/** Return why a key cannot stand for a command; null when it can. */
export function keyFault(item: Shortcut, press: string, remapped: Remapped): string | null {
  const shown = showKeys(press);
  if (KEPT.has(press)) return `${shown} belongs to the browser.`;
  if (item.scope === "anywhere" && /^[A-Z0-9]$/.test(press)) {
    return `${shown} alone would fire while you type elsewhere; hold Ctrl or Alt with it.`;
  }
  const other = SHORTCUTS.find(
    (one) => one.id !== item.id && meet(one, item) && (remapped[one.id] ?? one.keys).includes(press),
  );
  return other ? `${shown} does '${other.title}' already. Give that another key first.` : null;
}

/** A key of the canvas hides the same key of the whole page, so both scopes meet. */
const meet = (a: Shortcut, b: Shortcut): boolean => a.scope === b.scope || a.scope === "anywhere" || b.scope === "anywhere";

/** Return the keys of a command whose key is another one; null where that is what it came with. */
export function withKey(item: Shortcut, press: string): readonly string[] | null {
  return item.keys.length === 1 && item.keys[0] === press ? null : [press];
}
