import type { ComponentType } from "react";

import { lazily } from "../../kit/lazily";

/** What each view gets; the flow that is open is the store's document, so choices made here can be undone. */
export type ChooseProps = { project: string; flow: string };

type View = { name: string; words: string; Show: ComponentType<ChooseProps> };

/** The ways to choose, each with an address of its own */
export const VIEWS: readonly View[] = [
  { name: "advice", words: "Advice", Show: lazily(() => import("./advice/AdviceView")) },
  { name: "race", words: "Race", Show: lazily(() => import("./race/RaceView")) },
  { name: "bases", words: "Bases", Show: lazily(() => import("./BasesView")) },
  { name: "search", words: "Search", Show: lazily(() => import("./search/SearchView")) },
];
