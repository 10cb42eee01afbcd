import type { View } from "../FlowViews";

/** The kinds of transfer beyond retraining, each with an address of its own */
export const VIEWS: readonly View[] = [];
