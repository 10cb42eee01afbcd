/** Where each open flow was looked at, as long as the page lives, and how a whole flow is fitted in. */
import type { FitViewOptions, Viewport } from "@xyflow/react";

import type { CanvasNode } from "./shown";

const kept = new Map<string, Viewport>();
const chosen = new Set<string>();

export const keptViewport = (flow: string): Viewport | undefined => kept.get(flow);
export const keepViewport = (flow: string, view: Viewport): void => void kept.set(flow, view);

/** The user zoomed or panned: from now on nothing moves the view by itself. */
export const choseView = (flow: string): void => void chosen.add(flow);
export const hasChosenView = (flow: string): boolean => chosen.has(flow);

/** Room is left for the bar below. */
export const FIT: FitViewOptions<CanvasNode> = {
  padding: { top: "28px", left: "28px", right: "28px", bottom: "72px" },
  maxZoom: 1,
};
