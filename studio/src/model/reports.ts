/** Where reports are found. */
import { isGoing } from "./progress";

const home = (project: string): string => `/api/projects/${encodeURIComponent(project)}`;

/** Return the address of a run's report. */
export const reportAddress = (project: string, run: string): string => `${home(project)}/runs/${encodeURIComponent(run)}/report`;

/** Return the address of the report of runs side by side; the others are held against the first. */
export const comparisonAddress = (project: string, runs: readonly string[]): string =>
  `${home(project)}/comparison-report?${new URLSearchParams(runs.map((run) => ["run", run]))}`;

/** Return why runs cannot be put in a report side by side now; null when they can. */
export const whyNoComparison = (statuses: readonly string[]): string | null => {
  if (statuses.length < 2) return "It wants at least two runs.";
  return statuses.some(isGoing) ? "It can be written when these runs have ended." : null;
};
