import { lazily } from "../../kit/lazily";
import type { View } from "../FlowViews";

/** The ways to choose, each with an address of its own */
export const VIEWS: readonly View[] = [
  { name: "advice", words: "Advice", Show: lazily(() => import("./advice/AdviceView")) },
  { name: "race", words: "Race", Show: lazily(() => import("./race/RaceView")) },
  { name: "bases", words: "Bases", Show: lazily(() => import("./BasesView")) },
  { name: "search", words: "Search", Show: lazily(() => import("./search/SearchView")) },
];
