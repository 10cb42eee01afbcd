/** Searches of a project: begun, watched, stopped, gone on with. */
import { api, must } from "../api/client";
import type { Flow, SearchChoices, SearchState } from "../api/types";
import { flowKey } from "../model/searching";
import { isSearching } from "../model/tuning";
import { queries } from "./session";
import { say, sayError } from "./toast";

const LOOK_MS = 1000;
const stateKey = (project: string, search: string) => ["search", project, search];
const listKey = (project: string) => ["searches", project];

export const askSearches = {
  /** All searches, newest first. */
  list: (project: string) => ({
    queryKey: listKey(project),
    queryFn: () => must(api.GET("/api/projects/{project}/searches", { params: { path: { project } } })),
  }),
  /** What a search would set in a flow, or why these choices would be refused. */
  space: (project: string, flow: Flow, choices: SearchChoices, isWanted: boolean) => ({
    queryKey: ["search space", project, flowKey(flow), choices.over, choices.fixed],
    queryFn: () => must(api.POST("/api/projects/{project}/searches/space", { params: { path: { project } }, body: { flow, choices } })),
    enabled: isWanted,
    retry: false,
    staleTime: 60_000,
  }),
  /** How far one is; asked for again and again while it goes on or its final runs train. */
  state: (project: string, search: string | null) => ({
    queryKey: stateKey(project, search ?? ""),
    queryFn: () => must(api.GET("/api/projects/{project}/searches/{search}", { params: { path: { project, search: search ?? "" } } })),
    enabled: search !== null,
    refetchInterval: (query: { state: { data?: SearchState | undefined } }) =>
      isSearching(query.state.data) || query.state.data?.search?.final?.status === "running" ? LOOK_MS : (false as const),
  }),
};

async function told(project: string, call: () => Promise<SearchState>): Promise<SearchState | null> {
  try {
    const state = await call();
    queries.setQueryData(stateKey(project, state.id), state);
    void queries.invalidateQueries({ queryKey: stateKey(project, state.id) });
    void queries.invalidateQueries({ queryKey: listKey(project) });
    return state;
  } catch (error) {
    sayError(error);
    return null;
  }
}

/** Begin a search; returns its id, or null when it was refused. */
export async function startSearch(project: string, flow: Flow, choices: SearchChoices): Promise<string | null> {
  const state = await told(project, () =>
    must(api.POST("/api/projects/{project}/searches", { params: { path: { project } }, body: { flow, choices } })),
  );
  return state?.id ?? null;
}

/** Go on with a search, for as many rounds in all. */
export const goOn = (project: string, search: string, rounds: number | null) =>
  told(project, () =>
    must(api.POST("/api/projects/{project}/searches/{search}/resume", { params: { path: { project, search } }, body: { rounds } })),
  );

/** Stop a search; its rounds stay. */
export async function stopSearch(project: string, search: string): Promise<void> {
  const state = await told(project, () =>
    must(api.POST("/api/projects/{project}/searches/{search}/stop", { params: { path: { project, search } } })),
  );
  if (state) say("Stopping; the rounds so far are kept.");
}

/** Train the chosen settings and the flow as it stood as ordinary runs. */
export async function startFinal(project: string, search: string): Promise<void> {
  try {
    await must(api.POST("/api/projects/{project}/searches/{search}/final", { params: { path: { project, search } } }));
    say("The chosen settings and the flow as it stood are trained and tested.");
  } catch (error) {
    sayError(error);
  }
  void queries.invalidateQueries({ queryKey: stateKey(project, search) });
}
