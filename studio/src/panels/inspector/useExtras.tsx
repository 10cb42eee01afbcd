import { useQuery } from "@tanstack/react-query";
import { type ReactNode, Suspense, useMemo, useState } from "react";

import type { FlowNode } from "../../api/types";
import { Button } from "../../kit/Button";
import { setSettings } from "../../model/edits";
import { editWords } from "../../model/form";
import { edit, splitKey, useOpen } from "../../store/doc";
import { useRoute } from "../../store/route";
import { ask } from "../../store/session";
import { lazily } from "../../kit/lazily";

const BasePicker = lazily(() => import("../BasePicker").then((file) => ({ default: file.BasePicker })));

/** Editors of their own that some settings have: the picker of bases, the page of the data. */
export function useExtras(node: FlowNode): { extras: Record<string, ReactNode>; dialog: ReactNode } {
  const [isPicking, setPicking] = useState(false);
  const active = useOpen((state) => state.active);
  const go = useRoute((state) => state.go);
  const app = useQuery(ask.app());
  const place = active ? splitKey(active) : null;
  const isReady = app.data !== undefined;
  const extras = useMemo(() => {
    const found: Record<string, ReactNode> = {};
    if (node.component === "backbone") found["base"] = <Button onClick={() => setPicking(true)}>Choose a base…</Button>;
    if (node.component === "images" && place) {
      const open = () => go({ page: "data", project: place.project, flow: place.flow });
      found["source"] = (
        <Button onClick={open} whyNot={isReady ? null : "The server does not answer yet."}>
          Look at the data…
        </Button>
      );
      found["exclude"] = found["relabel"] = <Button onClick={open}>Choose images…</Button>;
    }
    return found;
    // The place changes with the active flow alone.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [node.component, active, go, isReady]);
  const choose = (base: string) =>
    edit(editWords("base", node.title || node.id, base), (flow) =>
      setSettings(flow, node.id, { base, cut: undefined, last_stage: undefined, freeze: undefined, unfreeze: undefined }),
    );
  const dialog =
    isPicking && place ? (
      <Suspense fallback={null}>
        <BasePicker
          project={place.project}
          value={typeof node.settings["base"] === "string" ? node.settings["base"] : null}
          onChoose={choose}
          onClose={() => setPicking(false)}
        />
      </Suspense>
    ) : null;
  return { extras, dialog };
}
