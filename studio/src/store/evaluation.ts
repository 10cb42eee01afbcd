/** Questions about evaluations, other data, and two runs image by image. */
import { api, must } from "../api/client";
import type { OtherData, PairedComparison } from "../api/types";
import { queries } from "./session";

export type Split = "test" | "validation";
/** Which predictions are looked at: a split of the run's own images, or other data by its id. */
export type Looked = { split: Split; on: string | null };
export type Cell = PairedComparison["cells"][number]["cell"];

const PAGE = 60;

export const askEvaluation = {
  evaluation: (project: string, run: string, { split, on }: Looked) => ({
    queryKey: ["evaluation", project, run, split, on],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      must(api.POST("/api/projects/{project}/inspections/evaluation", { params: { path: { project } }, body: { run, split, on, slices: null }, signal })),
    staleTime: Infinity,
    retry: false,
  }),
  others: (project: string, run: string) => ({
    queryKey: ["other-data", project, run],
    queryFn: () => must(api.GET("/api/projects/{project}/inspections/other-data", { params: { path: { project }, query: { run } } })),
  }),
  comparison: (project: string, run: string, other: string, split: Split) => ({
    queryKey: ["comparison", project, run, other, split],
    queryFn: () => must(api.GET("/api/projects/{project}/inspections/comparison", { params: { path: { project }, query: { run, other, split } } })),
    staleTime: Infinity,
    retry: false,
  }),
  cell: (project: string, run: string, other: string, split: Split, cell: Cell, number: number) => ({
    queryKey: ["comparison-images", project, run, other, split, cell, number],
    queryFn: () =>
      must(
        api.GET("/api/projects/{project}/inspections/comparison/images", {
          params: { path: { project }, query: { run, other, split, cell, limit: number } },
        }),
      ),
    staleTime: Infinity,
    placeholderData: <T,>(before: T) => before,
  }),
};

export const FIRST_IMAGES = PAGE;

/** Score a run on other images; what it says of each is kept. */
export async function evaluateElsewhere(project: string, run: string, source: string, columns: Record<string, unknown>): Promise<OtherData> {
  const found = await must(
    api.POST("/api/projects/{project}/inspections/other-data", { params: { path: { project } }, body: { run, source, columns } }),
  );
  await queries.invalidateQueries({ queryKey: ["other-data", project, run] });
  await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "other-data" && queryKey[1] === project && JSON.stringify(queryKey).includes(found.id) });
  return found;
}

/** Say where a run's images are now. */
export async function noteMoved(project: string, run: string, path: string): Promise<string> {
  const { words } = await must(api.POST("/api/projects/{project}/inspections/moved", { params: { path: { project } }, body: { run, path } }));
  await queries.invalidateQueries({ queryKey: ["evaluation", project] });
  await queries.invalidateQueries({ queryKey: ["run-images", project] });
  return words;
}
