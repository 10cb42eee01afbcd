/** Where each open flow was looked at, as long as the page lives. */
import type { Viewport } from "@xyflow/react";

const kept = new Map<string, Viewport>();
export const keptViewport = (flow: string): Viewport | undefined => kept.get(flow);
export const keepViewport = (flow: string, view: Viewport): void => void kept.set(flow, view);
