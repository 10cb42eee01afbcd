/** Short messages: shown at the top, read aloud. */
import { create } from "zustand";

import { Refusal } from "../api/client";

export type Toast = {
  id: number;
  tone: "info" | "ok" | "error";
  text: string;
  hint?: string | null;
  action?: { label: string; run: () => void };
  /** What it is about, where only the newest message about that is of use. */
  topic?: string;
};

type ToastState = {
  toasts: readonly Toast[];
  /** Last thing said, for screen readers. */
  said: string;
  say: (text: string, more?: Partial<Omit<Toast, "id" | "text">>) => void;
  announce: (text: string) => void;
  dismiss: (id: number) => void;
};

let next = 1;

export const useToasts = create<ToastState>((set) => ({
  toasts: [],
  said: "",
  say: (text, more = {}) =>
    set((state) => ({
      said: text,
      toasts: [...state.toasts.filter((old) => !isOver(old, text, more.topic)).slice(-3), { id: next++, tone: "info", text, ...more }],
    })),
  announce: (text) => set({ said: text }),
  dismiss: (id) => set((state) => ({ toasts: state.toasts.filter((toast) => toast.id !== id) })),
}));

/** Whether a message gives way to a new one: it says the same, or is of the same topic. */
const isOver = (old: Toast, text: string, topic: string | undefined): boolean =>
  old.text === text || (topic !== undefined && old.topic === topic);

export const say = (text: string, more?: Partial<Omit<Toast, "id" | "text">>): void =>
  useToasts.getState().say(text, more);

/** Show why something failed. */
export function sayError(error: unknown): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const hint = error instanceof Refusal ? error.hint : null;
  say(error instanceof Error ? error.message : String(error), { tone: "error", hint });
}
