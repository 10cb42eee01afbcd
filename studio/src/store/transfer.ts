/** What transfer gave: the missing controls and the learning curve of a run. */
import { api, must } from "../api/client";
import type { CurveChoices } from "../api/types";
import { isMeasuring } from "../model/learning_curve";
import { queries } from "./session";
import { say, sayError } from "./toast";

const LOOK_MS = 1000;

const stateKey = (project: string, run: string) => ["curve", project, run];

export const askTransfer = {
  /** How far the curve is; asked for again and again while it is measured. */
  state: (project: string, run: string) => ({
    queryKey: stateKey(project, run),
    queryFn: () => must(api.GET("/api/projects/{project}/inspections/curve/{run}", { params: { path: { project, run } } })),
    refetchInterval: (query: { state: { data?: Parameters<typeof isMeasuring>[0] } }) => (isMeasuring(query.state.data) ? LOOK_MS : false),
  }),
  /** What measuring would take. */
  estimate: (project: string, run: string, choices: CurveChoices | null) => ({
    queryKey: ["curve-estimate", project, run, choices],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      must(
        api.POST("/api/projects/{project}/inspections/curve/estimate", {
          params: { path: { project } },
          body: { run, ...(choices ? { choices } : {}) },
          signal,
        }),
      ),
    enabled: choices !== null,
    staleTime: 10_000,
  }),
};

/** Measure a curve in a process of its own, or go on with it; returns whether it began. */
export async function measureCurve(project: string, run: string, choices: CurveChoices): Promise<boolean> {
  try {
    const state = await must(
      api.POST("/api/projects/{project}/inspections/curve/start", { params: { path: { project } }, body: { run, choices } }),
    );
    queries.setQueryData(stateKey(project, run), state);
    void queries.invalidateQueries({ queryKey: stateKey(project, run) });
    return true;
  } catch (error) {
    sayError(error);
    return false;
  }
}

/** Stop measuring; what was measured stays. */
export async function stopCurve(project: string, run: string): Promise<void> {
  try {
    await must(api.POST("/api/projects/{project}/inspections/curve/{run}/stop", { params: { path: { project, run } } }));
    say("Stopping after this step; what was measured is kept.");
  } catch (error) {
    sayError(error);
  }
  void queries.invalidateQueries({ queryKey: stateKey(project, run) });
}

/** Start the controls that a run does not have yet. */
export async function runMissingControls(project: string, run: string): Promise<void> {
  try {
    const cards = await must(
      api.POST("/api/projects/{project}/inspections/controls/{run}/start", { params: { path: { project, run } } }),
    );
    say(cards.length ? `${cards.length === 1 ? "The control starts" : `${cards.length} controls start, one after the other`}.` : "No control is missing.");
    void queries.invalidateQueries({ queryKey: ["hub", project] });
  } catch (error) {
    sayError(error);
  }
}
