/** Races of a project: asked for, started, steered, and lanes that are kept as runs. */
import { api, must } from "../api/client";
import type { Flow, RaceChoices, RaceState } from "../api/types";
import { isRacing, laneName, type Strategy } from "../model/race";
import { noteCard } from "./runs";
import { queries } from "./session";
import { say, sayError } from "./toast";

const LOOK_MS = 1000;

const listKey = (project: string) => ["races", project];
const stateKey = (project: string, race: string) => ["race", project, race];

export const askRaces = {
  list: (project: string) => ({
    queryKey: listKey(project),
    queryFn: () => must(api.GET("/api/projects/{project}/races", { params: { path: { project } } })),
  }),
  /** How far a race is; asked for again and again while it is at work. */
  state: (project: string, race: string) => ({
    queryKey: stateKey(project, race),
    queryFn: () => must(api.GET("/api/projects/{project}/races/{race}", { params: { path: { project, race } } })),
    refetchInterval: (query: { state: { data?: RaceState } }) => (isRacing(query.state.data) ? LOOK_MS : false),
  }),
};

function noteState(project: string, state: RaceState): void {
  queries.setQueryData(stateKey(project, state.id), state);
  void queries.invalidateQueries({ queryKey: stateKey(project, state.id) });
  void queries.invalidateQueries({ queryKey: listKey(project) });
}

/** Start a race of a flow in a process of its own; returns its id, or null when it was refused. */
export async function startRace(project: string, flow: Flow, choices: RaceChoices): Promise<string | null> {
  try {
    const state = await must(api.POST("/api/projects/{project}/races", { params: { path: { project } }, body: { flow, choices } }));
    noteState(project, state);
    say("The race starts.");
    return state.id;
  } catch (error) {
    sayError(error);
    return null;
  }
}

/** Stop a race, or go on with it. */
export async function orderRace(project: string, race: string, order: "stop" | "resume"): Promise<void> {
  try {
    const params = { path: { project, race, order } };
    noteState(project, await must(api.POST("/api/projects/{project}/races/{race}/{order}", { params })));
    say(order === "stop" ? "Stopping after this step; what was done is kept." : "The race goes on.");
  } catch (error) {
    sayError(error);
  }
}

/** Copy the best run of a lane to the runs of the project; returns the run's id. */
export async function keepLane(project: string, race: string, strategy: Strategy): Promise<string | null> {
  try {
    const params = { path: { project, race } };
    const card = await must(api.PUT("/api/projects/{project}/races/{race}/kept", { params, body: { strategy, seed: null } }));
    noteCard(project, card);
    void queries.invalidateQueries({ queryKey: ["hub", project] });
    say(`Kept as a run: ${laneName(strategy).toLowerCase()}.`);
    return card.id;
  } catch (error) {
    sayError(error);
    return null;
  }
}

/** Delete a race with its runs; returns whether it is gone. */
export async function deleteRace(project: string, race: string): Promise<boolean> {
  try {
    await must(api.DELETE("/api/projects/{project}/races/{race}", { params: { path: { project, race } } }));
    queries.removeQueries({ queryKey: stateKey(project, race) });
    void queries.invalidateQueries({ queryKey: listKey(project) });
    say("The race was deleted.");
    return true;
  } catch (error) {
    sayError(error);
    return false;
  }
}
