/** How things are shown: never saved in the flow, never undone. Some of it is remembered in this browser. */
import { create } from "zustand";
import { persist } from "zustand/middleware";

export type Theme = "system" | "dark" | "light";
export type DockTab = "training" | "results" | "problems" | "log";
export type LeftTab = "components" | "outline" | "recipe";

type ViewState = {
  theme: Theme;
  setTheme: (theme: Theme) => void;
  selection: readonly string[];
  select: (ids: readonly string[]) => void;
  /** Port to highlight, after a jump from a problem. */
  focus: { node: string; setting?: string | null; line?: number | null; at: number } | null;
  focusNode: (node: string, setting?: string | null, line?: number | null) => void;
  dock: DockTab;
  setDock: (tab: DockTab) => void;
  isDockOpen: boolean;
  toggleDock: (open?: boolean) => void;
  left: LeftTab;
  setLeft: (tab: LeftTab) => void;
  dialog: "palette" | "shortcuts" | "settings" | null;
  setDialog: (dialog: ViewState["dialog"]) => void;
  /** Samples that previews are shown on: keys, or none for a handful. */
  samples: readonly string[] | null;
  setSamples: (samples: readonly string[] | null) => void;
  sampleSplit: "train" | "validation" | "test" | null;
  setSampleSplit: (split: ViewState["sampleSplit"]) => void;
  numSamples: number;
  setNumSamples: (number: number) => void;
  /** Run whose weights previews show; null: pretrained ones. */
  previewRun: string | null;
  setPreviewRun: (run: string | null) => void;
  arePreviewsOn: boolean;
  setPreviewsOn: (on: boolean) => void;
  isSnapping: boolean;
  setSnapping: (on: boolean) => void;
};

export const useView = create<ViewState>()(
  persist(
    (set) => ({
      theme: "system",
      setTheme: (theme) => set({ theme }),
      selection: [],
      select: (selection) =>
        set((state) => (sameItems(state.selection, selection) ? state : { selection })),
      focus: null,
      focusNode: (node, setting = null, line = null) =>
        set({ focus: { node, setting, line, at: Date.now() }, selection: [node] }),
      dock: "training",
      setDock: (dock) => set({ dock, isDockOpen: true }),
      isDockOpen: true,
      toggleDock: (open) => set((state) => ({ isDockOpen: open ?? !state.isDockOpen })),
      left: "components",
      setLeft: (left) => set({ left }),
      dialog: null,
      setDialog: (dialog) => set({ dialog }),
      samples: null,
      setSamples: (samples) => set({ samples }),
      sampleSplit: null,
      setSampleSplit: (sampleSplit) => set({ sampleSplit, samples: null }),
      numSamples: 4,
      setNumSamples: (numSamples) => set({ numSamples }),
      previewRun: null,
      setPreviewRun: (previewRun) => set({ previewRun }),
      arePreviewsOn: true,
      setPreviewsOn: (arePreviewsOn) => set({ arePreviewsOn }),
      isSnapping: true,
      setSnapping: (isSnapping) => set({ isSnapping }),
    }),
    {
      name: "graftwork-view",
      partialize: ({ theme, dock, isDockOpen, left, numSamples, arePreviewsOn, isSnapping }) => ({
        theme,
        dock,
        isDockOpen,
        left,
        numSamples,
        arePreviewsOn,
        isSnapping,
      }),
    },
  ),
);

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
