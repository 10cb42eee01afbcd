/** Questions about the map of a run's images, and about what lies near an image. */
import { api, must, send } from "../api/client";
import type { EmbeddingMap, NeighborList } from "../api/types";
import type { Weights } from "../model/embedding";

export type MapChoice = { method: "pca" | "umap"; at: string; beside: string | null };

export const askMap = {
  map: (project: string, run: string, { method, at, beside }: MapChoice) => ({
    queryKey: ["map", project, run, method, at, beside],
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<EmbeddingMap> =>
      must(api.POST("/api/projects/{project}/inspections/map", { params: { path: { project } }, body: { run, flow: null, method, at, beside }, signal })),
    staleTime: Infinity,
  }),
  neighbors: (project: string, run: string, key: string, weights: Weights, at: string) => ({
    queryKey: ["neighbors", project, run, key, weights, at],
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<NeighborList> =>
      must(
        api.POST("/api/projects/{project}/inspections/neighbors", {
          params: { path: { project } },
          body: { run, flow: null, key, weights, at, number: 8 },
          signal,
        }),
      ),
    staleTime: Infinity,
  }),
  /** `name` tells pictures apart: the address of an object. */
  neighborsOfFile: (project: string, run: string, file: Blob, name: string) => ({
    queryKey: ["neighbors-of-file", project, run, name],
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<NeighborList> =>
      send<NeighborList>("POST", `/api/projects/${encodeURIComponent(project)}/inspections/neighbors/image?run=${encodeURIComponent(run)}&number=6`, file, signal),
    staleTime: Infinity,
  }),
};
