/** Keys of the canvas that are no commands: arrows move nodes, Space selects what has the keyboard. */
import type { KeyboardEvent } from "react";

import { pressed, shortcutFor } from "../model/keys";
import { GRID } from "../model/place";
import { runCommand, useKeys } from "../store/commands";
import { useView } from "../store/view";
import { nudge } from "./acts";
import { focusedId } from "./ui";

const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function pressedOnCanvas(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  // Controls within a node keep their own keys.
  const isOwn = target.matches(".react-flow__node, .react-flow__edge, [data-canvas]");
  if (isOwn && !(event.target instanceof HTMLElement)) return pressedOnWire(event);
  if (!isOwn || event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = ARROWS[event.key];
  if (arrow) {
    event.preventDefault();
    const step = event.shiftKey ? 5 * GRID : GRID;
    nudge(arrow[0] * step, arrow[1] * step);
  } else if (event.key === " ") {
    event.preventDefault();
    toggle(focusedId());
  }
}

/** A wire is no HTML element, so the page's own listener does not see that it lies on the canvas. */
function pressedOnWire(event: KeyboardEvent): void {
  if (event.key === " ") toggle(focusedId());
  else {
    const found = shortcutFor(pressed(event), "canvas", useKeys.getState().remapped);
    if (found?.scope !== "canvas" || !runCommand(found.id)) return;
  }
  event.preventDefault();
}

function toggle(id: string | null): void {
  if (!id) return;
  const { selection, select } = useView.getState();
  select(selection.includes(id) ? selection.filter((item) => item !== id) : [...selection, id]);
}
