/** What the canvas shows for a moment: a search, a name being typed, where the pointer is. Never saved. */
import type { ReactFlowInstance } from "@xyflow/react";
import { create } from "zustand";

import type { End, Place } from "../model/edits";
import type { Side } from "../model/wiring";
import type { CanvasEdge, CanvasNode } from "./shown";

export type Instance = ReactFlowInstance<CanvasNode, CanvasEdge>;

/** A search for a component to add at a place; with a loose wire, only what takes or gives its kind. */
export type AddSearch = { screen: Place; place: Place; loose: { end: End; side: Side } | null };

type UiState = {
  search: AddSearch | null;
  /** Node whose possible wires are listed, and where. */
  connecting: { node: string; screen: Place } | null;
  /** Node or group whose name is being typed. */
  renaming: string | null;
  isMapShown: boolean;
  set: (changes: Partial<Omit<UiState, "set">>) => void;
};

export const useCanvasUi = create<UiState>((set) => ({
  search: null,
  connecting: null,
  renaming: null,
  isMapShown: true,
  set: (changes) => set(changes),
}));

let instance: Instance | null = null;
let root: HTMLElement | null = null;
let pointer: Place | null = null;

export function setInstance(next: Instance | null, element: HTMLElement | null): void {
  instance = next;
  root = element;
  pointer = null;
}
export const theCanvas = (): Instance | null => instance;
export const setPointer = (at: Place | null): void => {
  pointer = at;
};

/** Middle of the canvas on the screen. */
export function screenMiddle(): Place {
  const box = root?.getBoundingClientRect();
  return box ? [box.left + box.width / 2, box.top + box.height / 2] : [innerWidth / 2, innerHeight / 2];
}

/** Where the pointer is over the canvas, or its middle. */
export const screenPointer = (): Place => pointer ?? screenMiddle();

/** Return the place on the canvas under a point of the screen. */
export function placeAt([x, y]: Place): Place {
  const at = instance?.screenToFlowPosition({ x, y });
  return at ? [at.x, at.y] : [0, 0];
}

/** Bring the keyboard back to the canvas: to a node when it is there, to the canvas else. */
export function focusCanvas(node?: string): void {
  const now = document.activeElement;
  // Never leave it with another node: the next key would act on that one.
  if (node && now?.closest(".react-flow__node")) root?.focus({ preventScroll: true });
  let tries = 0;
  const look = () => {
    const found = node ? root?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(node)}"]`) : root;
    found?.focus({ preventScroll: true });
    if (found && document.activeElement === found) return;
    // A new node is drawn, then measured, then seen; only then can it take the keyboard.
    if (++tries < 60) window.requestAnimationFrame(look);
    else root?.focus({ preventScroll: true });
  };
  window.requestAnimationFrame(look);
}

/** Whether the canvas has the keyboard, or nothing has. */
export function isOnCanvas(): boolean {
  const now = document.activeElement;
  return now === null || now === document.body || now.closest("[data-canvas]") !== null;
}

/** Node or wire that has the keyboard. */
export function focusedId(): string | null {
  const found = document.activeElement?.closest<HTMLElement>(".react-flow__node, .react-flow__edge");
  return found?.dataset["id"] ?? null;
}
