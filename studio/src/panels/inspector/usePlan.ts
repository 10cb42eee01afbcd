import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, must } from "../../api/client";
import type { Flow, Plan } from "../../api/types";
import { useCheck } from "../../store/checking";
import { splitKey, useDoc, useOpen } from "../../store/doc";

const RESTS_MS = 1500;

/** What a plan stands on: nothing of titles, places and groups. */
export const planKey = ({ nodes, edges, recipe }: Flow): string =>
  JSON.stringify([nodes.map(({ id, component, settings, is_bypassed: off }) => [id, component, settings, off]), edges, recipe]);

export type Planned = {
  plan: Plan | undefined;
  error: Error | null;
  isBusy: boolean;
  /** Whether the plan is of an earlier state of the flow. */
  isOld: boolean;
  whyNot: string | null;
  planNow: () => void;
};

/** Return the plan of the active flow; it is made anew when edits have come to rest. */
export function usePlan(): Planned {
  const active = useOpen((state) => state.active);
  const flow = useDoc((state) => state.flow);
  const check = useCheck();
  const key = planKey(flow);
  const [rested, setRested] = useState({ key, flow });
  useEffect(() => {
    const timer = window.setTimeout(() => setRested({ key, flow }), RESTS_MS);
    return () => window.clearTimeout(timer);
    // A flow whose key is the same plans the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  const errors = check.problems.filter((problem) => problem.level === "error").length;
  const whyNot =
    flow.nodes.length === 0
      ? "The flow has no nodes yet."
      : errors > 0
        ? `The flow has ${errors === 1 ? "an error" : `${errors} errors`}; a plan needs none.`
        : null;
  const project = active ? splitKey(active).project : "";
  const found = useQuery({
    queryKey: ["plan", project, rested.key],
    queryFn: ({ signal }) =>
      must(api.POST("/api/projects/{project}/plan", { params: { path: { project } }, body: { flow: rested.flow }, signal })),
    enabled: Boolean(active) && whyNot === null && check.digest !== "",
    staleTime: Infinity,
    placeholderData: (before) => before,
    retry: false,
  });
  return {
    plan: found.data,
    error: found.error,
    isBusy: found.isFetching,
    isOld: rested.key !== key || found.isPlaceholderData,
    whyNot,
    planNow: () => {
      setRested({ key, flow });
      if (rested.key === key) void found.refetch();
    },
  };
}
