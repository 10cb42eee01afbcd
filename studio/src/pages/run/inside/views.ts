import type { ComponentType } from "react";

import type { RunView } from "../../../api/types";
import { lazily } from "../../../kit/lazily";

export type InsideProps = { project: string; view: RunView };

type View = { name: string; words: string; Show: ComponentType<InsideProps> };

/** The looks inside a run, each with an address of its own */
export const VIEWS: readonly View[] = [
  { name: "image", words: "One image", Show: lazily(() => import("./ImageView")) },
  { name: "places", words: "Masks and heat maps", Show: lazily(() => import("./PlacesView").then((m) => ({ default: m.PlacesView }))) },
  { name: "map", words: "Map", Show: lazily(() => import("./map/MapView")) },
  { name: "depth", words: "Depth", Show: lazily(() => import("./DepthView")) },
  { name: "drift", words: "What moved", Show: lazily(() => import("./DriftView")) },
  { name: "mix", words: "Mix with the start", Show: lazily(() => import("./MixView")) },
];

export const isInside = (tab: string): boolean => VIEWS.some((view) => view.name === tab);
