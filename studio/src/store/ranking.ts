/** Bases ranked for the flow's images: asked for, watched row by row, stopped, checked by runs. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { create } from "zustand";

import { api, must } from "../api/client";
import type { Flow, Ranking } from "../api/types";
import { withBase } from "../model/ranking";
import { retries } from "./cuts";
import { edit, undo } from "./doc";
import { feed, queries } from "./session";
import { say, sayError } from "./toast";

const LOOK_MS = 1000;

type Going = { at: string; abort: AbortController };

/** The ranking that this page waits for, if there is one. */
const useGoing = create<{ going: Going | null }>(() => ({ going: null }));

/** What a ranking is about: the images and the seed, nothing else of the flow. */
export function rankedFor(flow: Flow): string {
  const images = flow.nodes.filter(({ component }) => component === "images").map(({ settings }) => settings);
  const sizes = flow.nodes.filter(({ component }) => component === "backbone").map(({ settings }) => settings["image_size"] ?? null);
  return JSON.stringify([images, sizes[0] ?? null, flow.recipe.seed]);
}

export type RankingNow = {
  ranking: Ranking | null;
  numUnchecked: number;
  error: Error | null;
  isKnown: boolean;
  isGoing: boolean;
  again: () => void;
};

/** Return what is known of the flow's images by now; asked again and again while bases are measured. */
export function useRanking(project: string, flow: Flow): RankingNow {
  const about = rankedFor(flow);
  const isGoing = useGoing(({ going }) => going?.at === `${project} ${about}`);
  const found = useQuery({
    queryKey: ["ranking", project, about],
    queryFn: ({ signal }) => must(api.POST("/api/projects/{project}/rankings/state", { params: { path: { project } }, body: { flow }, signal })),
    refetchInterval: isGoing ? LOOK_MS : false,
    retry: retries,
  });
  useEffect(
    () => feed.listen((message) => void (message.kind === "runs_changed" && queries.invalidateQueries({ queryKey: ["ranking", message.project] }))),
    [],
  );
  return {
    ranking: found.data?.ranking ?? null,
    numUnchecked: found.data?.num_unchecked ?? 0,
    error: found.error,
    isKnown: found.data !== undefined,
    isGoing,
    again: () => void found.refetch(),
  };
}

/** Measure bases for the flow's images; those at hand, if none are named. Leaving the page does not stop it. */
export async function rankBases(project: string, flow: Flow, bases: readonly string[] | null): Promise<void> {
  const abort = new AbortController();
  useGoing.getState().going?.abort.abort();
  useGoing.setState({ going: { at: `${project} ${rankedFor(flow)}`, abort } });
  try {
    const body = bases ? { flow, bases: [...bases] } : { flow };
    const made = await must(api.POST("/api/projects/{project}/rankings", { params: { path: { project } }, body, signal: abort.signal }));
    say(made.best ? `The bases are ranked. ${made.best} is first.` : "The bases are ranked.");
  } catch (error) {
    sayError(error);
  }
  if (useGoing.getState().going?.abort === abort) useGoing.setState({ going: null });
  void queries.invalidateQueries({ queryKey: ["ranking", project] });
}

/** Stop measuring; bases that are done stay. */
export function stopRanking(): void {
  useGoing.getState().going?.abort.abort();
  say("Stopped. Bases that were measured are kept.");
}

/** Start a run of the head alone on each ranked base that has none yet. */
export async function checkRanking(project: string, flow: Flow): Promise<void> {
  try {
    const cards = await must(api.POST("/api/projects/{project}/rankings/check", { params: { path: { project } }, body: { flow } }));
    say(cards.length === 1 ? "The run starts." : `${cards.length} runs start, one after the other.`);
    void queries.invalidateQueries({ queryKey: ["hub", project] });
  } catch (error) {
    sayError(error);
  }
}

/** Put a base into the flow, as one step of undo, and say what went with the old one. */
export function takeBase(base: string): void {
  let taken: string[] = [];
  edit(`Use ${base} as the base`, (flow) => {
    const made = withBase(flow, base);
    taken = made.taken;
    return made.flow;
  });
  const gone = taken.length ? ` What was said of the old base's stages (${taken.join(", ")}) was taken back.` : "";
  say(`The flow's base is now ${base}.${gone}`, { tone: "ok", topic: "base", action: { label: "Undo", run: () => void undo() } });
}

