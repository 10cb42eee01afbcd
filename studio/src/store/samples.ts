/** Pages of a data set's images, for choosing what previews are shown on. */
import { api, must } from "../api/client";
import type { FlowNode } from "../api/types";
import { fullSettings } from "../model/thumbnails";

export type SampleAsk = { split: "train" | "validation" | "test" | null; label: string | null; text: string; offset: number };
export const PAGE = 60;

/** A question for one page of the images of a node. */
export const samplesPage = (project: string, node: FlowNode, seed: number, wanted: SampleAsk) => ({
  queryKey: ["samples", project, fullSettings(node.settings), seed, wanted],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    must(
      api.POST("/api/projects/{project}/data/samples", {
        params: { path: { project } },
        body: { settings: fullSettings(node.settings), seed, ...wanted, only: "all" as const, limit: PAGE },
        signal,
      }),
    ),
  staleTime: 60_000,
});
