import { lazily } from "../../kit/lazily";
import type { View } from "../FlowViews";

/** The kinds of transfer beyond retraining, each with an address of its own */
export const VIEWS: readonly View[] = [
  { name: "kinds", words: "Kinds of transfer", Show: lazily(() => import("./kinds/KindsView")) },
  { name: "gap", words: "Gap", Show: lazily(() => import("./gap/GapView")) },
  { name: "adapt", words: "Adapt", Show: lazily(() => import("./adapt/AdaptView")) },
  { name: "instances", words: "Instances", Show: lazily(() => import("./instances/InstancesView")) },
  { name: "propagate", words: "Labels", Show: lazily(() => import("./labels/LabelsView")) },
];
