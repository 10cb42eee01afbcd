/** The open flows. A doc holds one flow; every semantic action is one `edit`, and so one step of undo. */
import { temporal } from "zundo";
import { useStore } from "zustand";
import { create, type StoreApi } from "zustand";

import type { Flow } from "../api/types";

type DocState = {
  flow: Flow;
  /** What the last edit did, in words: "Connect head to objective". */
  label: string;
  /** Apply an edit. Gives the same flow back: nothing happens, and there is nothing to undo. */
  edit: (label: string, change: (flow: Flow) => Flow) => void;
};

function makeDoc(flow: Flow) {
  return create<DocState>()(
    temporal(
      (set, get) => ({
        flow,
        label: "",
        edit: (label, change) => {
          const next = change(get().flow);
          if (next !== get().flow) set({ flow: next, label });
        },
      }),
      {
        partialize: ({ flow: kept, label }) => ({ flow: kept, label }),
        equality: (a, b) => a.flow === b.flow,
        limit: 200,
      },
    ),
  );
}

export type Doc = ReturnType<typeof makeDoc>;

type OpenState = {
  /** Docs by "project/flow". */
  docs: Record<string, Doc>;
  active: string | null;
};

export const useOpen = create<OpenState>(() => ({ docs: {}, active: null }));

export const docKey = (project: string, flow: string): string => `${project}/${flow}`;
export const splitKey = (key: string): { project: string; flow: string } => {
  const at = key.indexOf("/");
  return { project: key.slice(0, at), flow: key.slice(at + 1) };
};

/** Put a flow into a tab; one that is open already is left as it is. */
export function openDoc(key: string, flow: Flow): Doc {
  const found = useOpen.getState().docs[key];
  if (found) return found;
  const doc = makeDoc(flow);
  useOpen.setState((state) => ({ docs: { ...state.docs, [key]: doc } }));
  return doc;
}

export function closeDoc(key: string): void {
  useOpen.setState((state) => ({
    docs: Object.fromEntries(Object.entries(state.docs).filter(([name]) => name !== key)),
    active: state.active === key ? null : state.active,
  }));
}

export const activate = (key: string | null): void => useOpen.setState({ active: key });

export function activeDoc(): Doc | null {
  const { docs, active } = useOpen.getState();
  return active ? (docs[active] ?? null) : null;
}

const nothing = create<DocState>(() => ({ flow: emptyFlow(), label: "", edit: () => undefined }));

/** Read the active doc; an empty flow where none is open. */
export function useDoc<T>(select: (state: DocState) => T): T {
  const doc = useOpen((state) => (state.active ? state.docs[state.active] : undefined));
  return useStore((doc ?? nothing) as StoreApi<DocState>, select);
}

/** Edit the active flow. */
export function edit(label: string, change: (flow: Flow) => Flow): void {
  activeDoc()?.getState().edit(label, change);
}

/** Take the last edit back; returns what it was. */
export function undo(): string | null {
  const doc = activeDoc();
  if (!doc || doc.temporal.getState().pastStates.length === 0) return null;
  const { label } = doc.getState();
  doc.temporal.getState().undo();
  return label;
}

/** Do again what was taken back; returns what it was. */
export function redo(): string | null {
  const doc = activeDoc();
  if (!doc || doc.temporal.getState().futureStates.length === 0) return null;
  doc.temporal.getState().redo();
  return doc.getState().label;
}

/** Whether there is something to undo and to redo. */
export function useHistory(): { canUndo: boolean; canRedo: boolean } {
  const doc = useOpen((state) => (state.active ? state.docs[state.active] : undefined));
  const canUndo = useStore(doc?.temporal ?? idle, (state) => state.pastStates.length > 0);
  const canRedo = useStore(doc?.temporal ?? idle, (state) => state.futureStates.length > 0);
  return { canUndo, canRedo };
}

const idle = makeDoc(emptyFlow()).temporal;

export function emptyFlow(): Flow {
  return {
    format: 1,
    name: "",
    title: "",
    description: "",
    nodes: [],
    edges: [],
    groups: [],
    recipe: {} as Flow["recipe"],
    layout: {},
  } as Flow;
}
