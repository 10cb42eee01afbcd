/**
 * A flow that was just opened is shown without boxes over one another: a template knows nothing of how tall previews
 * are. Only what is shown changes, never the file; the first move by hand writes the places down.
 */
import { useEffect } from "react";

import type { Flow } from "../api/types";
import { type Place, edgeKey } from "../model/edits";
import { type Box, pushApart } from "../model/place";
import { activeDoc } from "../store/doc";
import { sayError } from "../store/toast";
import { layoutPlaces } from "./arranging";
import { boxesOf, showInstead, useShown } from "./shown";
import { theCanvas } from "./ui";
import { FIT, hasChosenView, keptViewport } from "./viewports";

/** Boxes of nodes that are drawn, and so were measured; a collapsed group hides its own. */
function shownBoxes(flow: Flow): Record<string, Box> {
  const hidden = new Set(flow.groups.flatMap((group) => (group.is_collapsed ? group.nodes : [])));
  return Object.fromEntries(Object.entries(boxesOf(flow)).filter(([id]) => !hidden.has(id)));
}

const REST_MS = 120;
const SETTLES_FOR_MS = 20_000;

export function useSettling(flowKey: string): void {
  useEffect(() => {
    const doc = activeDoc();
    if (!doc) return;
    const opened = Date.now();
    const flow = doc.getState().flow;
    const wasKept = keptViewport(flowKey) !== undefined;
    const hasLayout = flow.nodes.some((node) => flow.layout[node.id]);
    let timer: number | undefined;
    let sizes = "";
    const settle = () => {
      const now = doc.getState().flow;
      if (now.layout !== flow.layout || Date.now() - opened > SETTLES_FOR_MS) return end();
      const put = (places: Record<string, Place>) => {
        if (Object.keys(places).length > 0) showInstead(places);
        if (!wasKept && !hasChosenView(flowKey)) window.requestAnimationFrame(() => void theCanvas()?.fitView(FIT));
      };
      if (!hasLayout && now.nodes.length > 0 && now.edges.map(edgeKey).length > 0) layoutPlaces().then(put, sayError);
      else put(pushApart(shownBoxes(now)));
    };
    const end = useShown.subscribe(({ nodes }) => {
      const measured = nodes.filter((node) => node.measured).map((node) => `${node.id} ${node.measured?.width} ${node.measured?.height}`);
      const next = measured.join();
      if (measured.length < nodes.length || next === sizes) return;
      sizes = next;
      window.clearTimeout(timer);
      timer = window.setTimeout(settle, REST_MS);
    });
    return () => {
      end();
      window.clearTimeout(timer);
    };
  }, [flowKey]);
}
