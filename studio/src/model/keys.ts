/** Every shortcut, stated once: the keyboard, the list of shortcuts and the command palette read this table. */

export type Scope = "anywhere" | "canvas";
export type Shortcut = { id: string; title: string; group: string; keys: readonly string[]; scope: Scope };

const s = (id: string, group: string, title: string, scope: Scope, ...keys: string[]): Shortcut => ({
  id,
  title,
  group,
  keys,
  scope,
});

/** "Mod" is Ctrl, on a Mac the command key. Single letters act only while the canvas has the focus. */
export const SHORTCUTS: readonly Shortcut[] = [
  s("run", "Run", "Run the flow", "anywhere", "Mod+Enter"),
  s("stop", "Run", "Stop the run, keep the best", "anywhere", "Mod+Alt+Enter"),
  s("undo", "Edit", "Undo", "anywhere", "Mod+Z"),
  s("redo", "Edit", "Redo", "anywhere", "Mod+Y", "Mod+Shift+Z"),
  s("palette", "Find", "Search nodes and commands", "anywhere", "Mod+K"),
  s("add", "Edit", "Add a node", "canvas", "Shift+A"),
  s("delete", "Edit", "Delete the selection", "canvas", "Delete", "Backspace"),
  s("select-all", "Edit", "Select all nodes", "canvas", "Mod+A"),
  s("copy", "Edit", "Copy as text", "canvas", "Mod+C"),
  s("cut", "Edit", "Cut", "canvas", "Mod+X"),
  s("paste", "Edit", "Paste", "canvas", "Mod+V"),
  s("duplicate", "Edit", "Duplicate", "canvas", "Mod+D"),
  s("bypass", "Edit", "Bypass, or use again", "canvas", "Mod+B", "M"),
  s("group", "Edit", "Group the selection", "canvas", "Mod+G"),
  s("ungroup", "Edit", "Dissolve the group", "canvas", "Mod+Shift+G"),
  s("collapse", "Edit", "Collapse or open the group", "canvas", "Alt+C"),
  s("rename", "Edit", "Rename the node", "canvas", "F2"),
  s("connect", "Edit", "Connect the node …", "canvas", "C"),
  s("layout", "View", "Arrange all nodes", "canvas", "Shift+L"),
  s("boundary-up", "Freeze", "Freeze one stage less", "canvas", "Alt+ArrowUp"),
  s("boundary-down", "Freeze", "Freeze one stage more", "canvas", "Alt+ArrowDown"),
  s("fit", "View", "Show the whole flow", "canvas", "Shift+1"),
  s("fit-selection", "View", "Show the selection", "canvas", ".", "Shift+2"),
  s("zoom-in", "View", "Zoom in", "canvas", "+"),
  s("zoom-out", "View", "Zoom out", "canvas", "-"),
  s("inspect", "View", "Go to the inspector", "canvas", "Enter"),
  s("canvas", "View", "Back to the canvas", "anywhere", "Escape"),
  s("save", "File", "Save now", "anywhere", "Mod+S"),
  s("settings", "View", "Settings", "anywhere", "Mod+,"),
  s("dock", "View", "Show or hide the bottom panel", "anywhere", "Mod+`"),
  s("shortcuts", "Help", "All shortcuts", "anywhere", "?"),
];

type KeyPress = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** Return a key press as the table writes it. */
export function pressed(event: KeyPress): string {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // A sign such as "?" needs Shift on some keyboards; only letters and named keys say it.
  const isSign = event.key.length === 1 && event.key.toLowerCase() === event.key.toUpperCase();
  if (event.shiftKey && !isSign) parts.push("Shift");
  return [...parts, key].join("+");
}

/** Shift and a digit gives another sign on each keyboard; the code says which digit it was. */
export function digitPressed(event: Pick<KeyboardEvent, "code" | "shiftKey">): string | null {
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  return digit && event.shiftKey ? `Shift+${digit}` : null;
}

export type Remapped = Readonly<Record<string, readonly string[]>>;

/** Return the shortcut that a key press stands for. */
export function shortcutFor(press: string, scope: Scope, remapped: Remapped = {}): Shortcut | null {
  const fits = SHORTCUTS.filter((item) => (remapped[item.id] ?? item.keys).includes(press));
  return fits.find((item) => item.scope === scope) ?? fits.find((item) => item.scope === "anywhere") ?? null;
}

/** Return keys as people read them. */
export function showKeys(keys: string, isMac = false): string {
  const names: Record<string, string> = {
    Mod: isMac ? "⌘" : "Ctrl",
    ArrowUp: "↑",
    ArrowDown: "↓",
    Enter: "Enter",
    Escape: "Esc",
  };
  const parts = keys === "+" ? ["+"] : keys.split("+");
  return parts.map((part) => names[part] ?? part).join(" ");
}
