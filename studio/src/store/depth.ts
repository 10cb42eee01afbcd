/** The probe by depth and the drift: asked of the server once, kept as long as the page stays. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, must } from "../api/client";
import type { DepthReport, DriftReport, Flow, RunView } from "../api/types";
import { trainsTheSame } from "../model/depth";
import { nodeOf, setSettings } from "../model/edits";
import { previewKeys } from "../model/preview_queue";
import { useCheck } from "./checking";
import { retries, useHere, useRested } from "./cuts";
import { useFlowRun } from "./runs";
import { ask } from "./session";

const PATH = "/api/projects/{project}/inspections/depth";

/** Return the probe by depth of a run; one that goes off the screen is not worked on any more. */
export function useDepth(project: string, run: string, isTrained: boolean) {
  return useQuery<DepthReport>({
    queryKey: ["depth", project, run, isTrained],
    queryFn: ({ signal }) => must(api.POST(PATH, { params: { path: { project } }, body: { run, is_trained: isTrained }, signal })),
    staleTime: Infinity,
    retry: retries,
  });
}

const askDrift = (project: string, run: string, node: string | null) => ({
  queryKey: ["drift", project, run, node],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<DriftReport> =>
    must(api.POST("/api/projects/{project}/inspections/drift", { params: { path: { project } }, body: { run, node }, signal })),
  staleTime: Infinity,
  retry: retries,
});

/** Return what training moved in a run. */
export const useDrift = (project: string, run: string) => useQuery<DriftReport>(askDrift(project, run, null));

export type FlowDepth = {
  report: DepthReport | null;
  error: Error | null;
  isBusy: boolean;
  /** Why it cannot be asked now. */
  whyNot: string | null;
  start: () => void;
};

/** Return the probe by depth of a base in the flow as it is edited, once it was asked for; the cut does not matter to it. */
export function useFlowDepth(id: string): FlowDepth {
  const { project, key, flow } = useHere();
  const check = useCheck();
  const stands = useRested(probeKey(flow, id));
  const [asked, setAsked] = useState<string | null>(null);
  const errors = check.problems.filter((problem) => problem.level === "error").length;
  const found = useQuery<DepthReport>({
    queryKey: ["depth", key, id, stands],
    queryFn: ({ signal }) => must(api.POST(PATH, { params: { path: { project } }, body: { flow, node: id, is_trained: false }, signal })),
    enabled: asked === stands && stands !== "",
    staleTime: Infinity,
    retry: retries,
  });
  return {
    report: found.data ?? null,
    error: found.error,
    isBusy: found.isFetching,
    whyNot: errors ? "The flow has problems; without them its base can be probed." : stands === "" ? "There is no base." : null,
    start: () => (asked === stands ? void found.refetch() : setAsked(stands)),
  };
}

const LOOK = { samples: null, split: null, number: 1, run: null };

/** All that the probe of a base stands on: the images, what comes before the base, and the base; not where it is cut. */
function probeKey(flow: Flow, id: string): string {
  const node = nodeOf(flow, id);
  if (!node) return "";
  const strategy = node.settings["strategy"] === "from_scratch" ? "from_scratch" : undefined;
  const plain = setSettings(flow, id, { cut: undefined, freeze: undefined, unfreeze: undefined, batch_norm: undefined, strategy });
  return `${flow.recipe.seed} ${previewKeys(plain, LOOK).get(id) ?? ""}`;
}

export type FlowDrift = { report: DriftReport | null; error: Error | null; isBusy: boolean; run: string | null; start: () => void };

/** Return what the flow's run moved in a base, where the run ended and the flow was not changed since. */
export function useFlowDrift(id: string): FlowDrift {
  const { flow } = useHere();
  const { project, run } = useFlowRun();
  const isOver = project !== null && run !== null && (run.status === "finished" || run.status === "stopped");
  const view = useQuery<RunView>({ ...ask.run(project ?? "", run?.id ?? ""), enabled: isOver });
  const own = isOver && view.data?.flow && trainsTheSame(view.data.flow, flow) ? run.id : null;
  const [asked, setAsked] = useState<string | null>(null);
  const found = useQuery<DriftReport>({ ...askDrift(project ?? "", own ?? "", id), enabled: own !== null && asked === own });
  return {
    report: own === null ? null : (found.data ?? null),
    error: found.error,
    isBusy: found.isFetching,
    run: own,
    start: () => (asked === own ? void found.refetch() : setAsked(own)),
  };
}
