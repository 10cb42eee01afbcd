/** Runs that are averages of weights: the line between start and end, and soups. */
import { useIsMutating, useMutation, useQuery } from "@tanstack/react-query";

import { api, must } from "../api/client";
import type { MixCurve, RunCard } from "../api/types";
import { retries } from "./cuts";
import { useRoute } from "./route";
import { ask, queries } from "./session";
import { say, sayError } from "./toast";

/** Return the scores along the line of a run; a page that is left does not let it be worked on. */
export function useMixCurve(project: string, run: string, steps: number) {
  return useQuery<MixCurve>({
    queryKey: ["mix", project, run, steps],
    queryFn: ({ signal }) =>
      must(api.POST("/api/projects/{project}/inspections/mix", { params: { path: { project } }, body: { run, steps }, signal })),
    staleTime: Infinity,
    retry: retries,
  });
}

export type Making<T> = { isBusy: boolean; make: (choice: T) => void };

function done(project: string, card: RunCard): void {
  void queries.invalidateQueries({ queryKey: ask.hub(project).queryKey });
  const open = () => useRoute.getState().go({ page: "run", project, run: card.id, tab: "overview" });
  say(`The run ${card.name ?? card.id} is there.`, { tone: "ok", topic: `averaged ${card.id}`, action: { label: "Open it", run: open } });
}

/** Return how a place on the line is made a run; the page may be left meanwhile. */
export function useMixRun(project: string, run: string): Making<number> {
  const mutationKey = ["mix-run", project, run];
  const isBusy = useIsMutating({ mutationKey }) > 0;
  const work = useMutation({
    mutationKey,
    mutationFn: (t: number) => must(api.POST("/api/projects/{project}/mixes", { params: { path: { project } }, body: { run, t } })),
    onSuccess: (card) => done(project, card),
    onError: (error) => sayError(error),
  });
  return { isBusy, make: work.mutate };
}

export type SoupKind = "greedy" | "uniform";

/** Return how runs are averaged; what was made or refused stays to be shown. */
export function useSoup(project: string, runs: readonly string[]): Making<SoupKind> & { made: RunCard | null; error: Error | null } {
  const mutationKey = ["soup", project, ...runs];
  const isBusy = useIsMutating({ mutationKey }) > 0;
  const work = useMutation({
    mutationKey,
    mutationFn: (kind: SoupKind) =>
      must(api.POST("/api/projects/{project}/soups", { params: { path: { project } }, body: { runs: [...runs], kind } })),
    onSuccess: (card) => done(project, card),
  });
  return { isBusy, make: work.mutate, made: work.data ?? null, error: isBusy ? null : work.error };
}
