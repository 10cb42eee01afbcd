/** Which parts of a run's page fit what the run answers by. */
import type { RunRecord } from "../api/types";

export type AnswerKind = RunRecord["metrics"][string]["kind"];

/** Return what the run answers by; null before it has scores. */
export const kindOf = (record: RunRecord | null): AnswerKind | null => Object.values(record?.metrics ?? {})[0]?.kind ?? null;

/** Say whether a tab makes sense for such answers; before there are scores, each does. */
export function hasTab(tab: string, kind: AnswerKind | null): boolean {
  if (tab === "confusion") return kind === null || kind === "category" || kind === "number";
  if (tab === "places") return kind === null || kind === "mask" || kind === "anomaly";
  if (tab === "curves") return kind !== "anomaly"; // nothing is learned by steps
  if (tab === "depth") return kind !== "mask" && kind !== "anomaly";
  return true;
}
