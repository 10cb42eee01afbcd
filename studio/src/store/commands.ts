/** What can be done now. Parts of the page offer commands while they are on the screen; keys and palette call them. */
import { useEffect, useRef } from "react";
import { create } from "zustand";
import { persist } from "zustand/middleware";

import { type Remapped, SHORTCUTS, digitPressed, pressed, shortcutFor, showKeys } from "../model/keys";

export type Command = {
  /** Of `SHORTCUTS` when it has keys; any other name else. */
  id: string;
  title?: string;
  group?: string;
  run: () => void;
  /** Why it cannot be done now. */
  whyNot?: string | null;
};

type CommandState = { offers: readonly (readonly Command[])[] };
export const useCommandState = create<CommandState>(() => ({ offers: [] }));

type KeyState = { remapped: Remapped; remap: (id: string, keys: readonly string[] | null) => void };
export const useKeys = create<KeyState>()(
  persist(
    (set) => ({
      remapped: {},
      remap: (id, keys) =>
        set(({ remapped }) => {
          const { [id]: _old, ...others } = remapped;
          return { remapped: keys ? { ...others, [id]: keys } : others };
        }),
    }),
    { name: "graftwork-keys" },
  ),
);

/** Offer commands while the component is on the screen. The newest offer of a name wins. */
export function useCommands(commands: readonly Command[]): void {
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  });
  useEffect(() => {
    const offer = latest.current.map((command) => ({
      ...command,
      run: () => latest.current.find((item) => item.id === command.id)?.run(),
      get whyNot() {
        return latest.current.find((item) => item.id === command.id)?.whyNot ?? null;
      },
    }));
    useCommandState.setState((state) => ({ offers: [...state.offers, offer] }));
    return () => useCommandState.setState((state) => ({ offers: state.offers.filter((item) => item !== offer) }));
  }, []);
}

/** Return all commands on offer, the newest of each name. */
export function offered(): Command[] {
  const found = new Map<string, Command>();
  for (const offer of useCommandState.getState().offers) for (const command of offer) found.set(command.id, command);
  return [...found.values()];
}

/** Do a command by its name; false when nothing offers it, or it cannot be done now. */
export function runCommand(id: string): boolean {
  const command = offered().find((item) => item.id === id);
  if (!command || command.whyNot) return false;
  command.run();
  return true;
}

/** Title of a command, from the table where it has none of its own. */
export const titleOf = (command: Command): string =>
  command.title ?? SHORTCUTS.find((item) => item.id === command.id)?.title ?? command.id;

/** Keys of a command as people read them; empty where it has none. */
export function keysOf(id: string): string {
  const keys = useKeys.getState().remapped[id] ?? SHORTCUTS.find((item) => item.id === id)?.keys;
  return keys?.[0] ? showKeys(keys[0], navigator.platform.startsWith("Mac")) : "";
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable=true]") !== null;
}

/** Listen to the keyboard for the whole page. Text fields keep their own keys, undo among them. */
export function listenToKeys(): () => void {
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.repeat) return;
    const isOnCanvas = event.target instanceof Element && event.target.closest("[data-canvas]") !== null;
    const scope = isOnCanvas ? "canvas" : "anywhere";
    const press = pressed(event);
    const { remapped } = useKeys.getState();
    const found = shortcutFor(press, scope, remapped) ?? shortcutFor(digitPressed(event) ?? "", scope, remapped);
    if (!found) return;
    const keepsText = ["palette", "run", "stop", "save", "canvas"].includes(found.id);
    if (isTyping(event.target) && !keepsText) return;
    if (runCommand(found.id)) event.preventDefault();
  };
  window.addEventListener("keydown", listen);
  return () => window.removeEventListener("keydown", listen);
}
