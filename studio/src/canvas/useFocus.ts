/** Bring a node into view when another part of the page jumps to it, and when Tab reaches it. */
import { useEffect } from "react";

import { activeDoc } from "../store/doc";
import { useView } from "../store/view";
import { groupNodeId } from "./measures";
import { useShown } from "./shown";
import { theCanvas } from "./ui";

export function useFocus(): void {
  const focus = useView((state) => state.focus);
  useEffect(() => {
    if (focus) bringIntoView(focus.node);
  }, [focus]);
  useEffect(() => {
    const follow = (event: FocusEvent) => {
      const node = (event.target as HTMLElement).closest?.<HTMLElement>(".react-flow__node");
      const id = node?.dataset["id"];
      if (node && id && node === event.target && node.matches(":focus-visible") && isOutside(node)) reveal(id);
    };
    document.addEventListener("focusin", follow);
    return () => document.removeEventListener("focusin", follow);
  }, []);
}

/** Bring a node that was just made, or that Tab reached, into view by the least move; the zoom stays. */
export function reveal(id: string): void {
  window.setTimeout(() => {
    const node = useShown.getState().nodes.find((item) => item.id === id);
    const canvas = theCanvas();
    const pane = document.querySelector("[data-canvas]")?.getBoundingClientRect();
    if (!node || !canvas || !pane) return;
    const { x, y, zoom } = canvas.getViewport();
    const { width = 250, height = 200 } = node.measured ?? {};
    const right = shift(node.position.x * zoom + x, width * zoom, pane.width, 24, 24);
    const down = shift(node.position.y * zoom + y, height * zoom, pane.height, 24, ROOM_FOR_BAR);
    if (right || down) void canvas.setViewport({ x: x + right, y: y + down, zoom }, { duration: 200 });
  }, 150);
}

/** Height of the bar at the bottom of the canvas, which covers what lies there. */
const ROOM_FOR_BAR = 72;

/** Return the least move that brings a stretch between both margins; its beginning counts where it is too long. */
function shift(from: number, length: number, room: number, before: number, after: number): number {
  if (from < before) return before - from;
  return Math.min(0, Math.max(before - from, room - after - (from + length)));
}

function isOutside(node: HTMLElement): boolean {
  const box = node.getBoundingClientRect();
  const canvas = node.closest("[data-canvas]")?.getBoundingClientRect();
  return !canvas || box.left < canvas.left || box.right > canvas.right || box.top < canvas.top || box.top > canvas.bottom - 60;
}

/** Center a node; a hidden one by the group that it is in. */
function bringIntoView(id: string): void {
  const flow = activeDoc()?.getState().flow;
  const group = flow?.groups.find((item) => item.is_collapsed && item.nodes.includes(id));
  const shown = group ? groupNodeId(group.id) : id;
  const node = useShown.getState().nodes.find((item) => item.id === shown);
  const canvas = theCanvas();
  if (!node || !canvas) return;
  const { width = 250, height = 200 } = node.measured ?? {};
  const zoom = Math.max(0.8, Math.min(1.2, canvas.getZoom()));
  void canvas.setCenter(node.position.x + width / 2, node.position.y + Math.min(height, 400) / 2, { zoom, duration: 200 });
}
