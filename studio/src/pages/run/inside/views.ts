import type { ComponentType } from "react";

import type { RunView } from "../../../api/types";

export type InsideProps = { project: string; view: RunView };

type View = { name: string; words: string; Show: ComponentType<InsideProps> };

/** The looks inside a run, each with an address of its own. */
export const VIEWS: readonly View[] = [];

export const isInside = (tab: string): boolean => VIEWS.some((view) => view.name === tab);
