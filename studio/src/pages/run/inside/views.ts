import type { ComponentType } from "react";

import type { RunView } from "../../../api/types";
import { lazily } from "../../../kit/lazily";

export type InsideProps = { project: string; view: RunView };

type View = { name: string; words: string; Show: ComponentType<InsideProps> };

/** The looks inside a run, each with an address of its own. */
export const VIEWS: readonly View[] = [
  { name: "places", words: "Masks and heat maps", Show: lazily(() => import("./PlacesView").then((m) => ({ default: m.PlacesView }))) },
  { name: "image", words: "One image", Show: lazily(() => import("./ImageView")) },
];

export const isInside = (tab: string): boolean => VIEWS.some((view) => view.name === tab);
