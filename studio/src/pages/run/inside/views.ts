import type { ComponentType } from "react";

import type { RunView } from "../../../api/types";
import { lazily } from "../../../kit/lazily";

export type InsideProps = { project: string; view: RunView };

type View = { name: string; words: string; Show: ComponentType<InsideProps>; fits?: (view: RunView) => boolean };

/** Whether a run says something of places: masks, or how odd each place is. */
const hasPlaces = (view: RunView): boolean => Object.values(view.record?.metrics ?? {}).some((one) => one.kind === "mask" || one.kind === "anomaly");

/** The looks inside a run, each with an address of its own; those that do not fit a run are not offered. */
export const VIEWS: readonly View[] = [
  { name: "image", words: "One image", Show: lazily(() => import("./ImageView")) },
  { name: "places", words: "Masks and heat maps", Show: lazily(() => import("./PlacesView").then((m) => ({ default: m.PlacesView }))), fits: hasPlaces },
  { name: "map", words: "Map", Show: lazily(() => import("./map/MapView")) },
  { name: "depth", words: "Depth", Show: lazily(() => import("./DepthView")) },
  { name: "drift", words: "What moved", Show: lazily(() => import("./DriftView")) },
];

export const isInside = (tab: string): boolean => VIEWS.some((view) => view.name === tab);
