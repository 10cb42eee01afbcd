/** The commands of the canvas, offered while it is on the screen. */
import { useCommands } from "../store/commands";
import { activeDoc, useOpen } from "../store/doc";
import { useView } from "../store/view";
import {
  acting,
  actingGroups,
  actingNodes,
  deleteActing,
  groupActing,
  selectAll,
  toggleBypass,
  toggleCollapsed,
  ungroupActing,
} from "./acts";
import { arrangeAll } from "./arranging";
import { copyActing, cutActing, duplicate, paste } from "./clipboard";
import { groupNodeId } from "./measures";
import { focusCanvas, placeAt, screenPointer, theCanvas, useCanvasUi } from "./ui";
import { FIT, choseView } from "./viewports";

const STEP = { duration: 120 };

/** Show nodes whole, as large as they fit. */
export function fit(ids?: readonly string[]): void {
  void theCanvas()?.fitView({ ...FIT, duration: 200, ...(ids ? { nodes: ids.map((id) => ({ id })) } : {}) });
}

function zoom(how: "zoomIn" | "zoomOut"): void {
  const { active } = useOpen.getState();
  if (active) choseView(active);
  void theCanvas()?.[how](STEP);
}

export function openSearch(): void {
  const screen = screenPointer();
  useCanvasUi.getState().set({ search: { screen, place: placeAt(screen), loose: null }, connecting: null });
}

/** List the wires that a node could have, beside it. */
export function openConnect(node: string): void {
  const box = document.querySelector(`.react-flow__node[data-id="${CSS.escape(node)}"]`)?.getBoundingClientRect();
  const screen: [number, number] = box ? [box.left + box.width / 2, box.top + 40] : screenPointer();
  useCanvasUi.getState().set({ connecting: { node, screen }, search: null });
}

/** Put the keyboard into the inspector. */
export function goToInspector(): void {
  const ids = acting();
  useView.getState().select(ids);
  const panel = document.querySelector<HTMLElement>("[data-inspector]");
  const first = panel?.querySelector<HTMLElement>("input, select, textarea, button, [tabindex='0']");
  (first ?? panel)?.focus();
}

type Live = { id: string; run: () => void; readonly whyNot: string | null };

/** Whether it can be done is looked at when it is asked: what has the keyboard counts as well as the selection. */
const live = (id: string, run: () => void, whyNot: () => string | null = () => null): Live => ({
  id,
  run,
  get whyNot() {
    return whyNot();
  },
});

const noNode = () => (actingNodes().length === 0 ? "Select a node first." : null);
const noGroup = () => (actingGroups().length === 0 ? "Select a group, or a node in one, first." : null);
const noThing = () => (acting().length === 0 ? "Select nodes or wires first." : null);
const noNodes = () => (activeDoc()?.getState().flow.nodes.length === 0 ? "The flow has no nodes." : null);

const COMMANDS: readonly Live[] = [
  live("add", openSearch),
  live("delete", deleteActing, noThing),
  live("select-all", selectAll, noNodes),
  live("copy", () => void copyActing(), noNode),
  live("cut", () => void cutActing(), noNode),
  live("paste", () => void paste()),
  live("duplicate", duplicate, noNode),
  live("bypass", () => toggleBypass(), noNode),
  live("group", groupActing, noNode),
  live("ungroup", ungroupActing, noGroup),
  live("collapse", () => toggleCollapsed(), noGroup),
  live("rename", renameActing, noNode),
  live("connect", connectActing, noNode),
  live("layout", arrangeAll, noNodes),
  live("fit", () => fit(), noNodes),
  live("fit-selection", () => fit(acting().filter((id) => !id.includes("→"))), noNode),
  live("zoom-in", () => zoom("zoomIn")),
  live("zoom-out", () => zoom("zoomOut")),
  live("inspect", goToInspector),
  live("canvas", backToCanvas),
];

export const useCanvasCommands = (): void => useCommands(COMMANDS);

function connectActing(): void {
  const [node] = actingNodes();
  if (node) openConnect(node);
}

function renameActing(): void {
  const [first] = acting();
  const [group] = actingGroups();
  const isGroup = first !== undefined && group !== undefined && first === groupNodeId(group);
  const node = actingNodes()[0];
  if (isGroup) useCanvasUi.getState().set({ renaming: first });
  else if (node) useCanvasUi.getState().set({ renaming: node });
}

/** Escape: close what is open over the canvas; then go back to it; then let go of the selection. */
function backToCanvas(): void {
  const ui = useCanvasUi.getState();
  const isHere = document.activeElement?.closest("[data-canvas]") !== null;
  if (ui.search || ui.connecting) ui.set({ search: null, connecting: null });
  else if (isHere) useView.getState().select([]);
  focusCanvas(useView.getState().selection[0]);
}
