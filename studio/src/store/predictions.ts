/** Questions about a run's predictions and images. */
import { api, must } from "../api/client";
import type { PredictionPage } from "../api/types";
import type { PredictionQuestion } from "../model/confusion";

export const PAGE = 100;

export const askRun = {
  predictions: (project: string, run: string, question: PredictionQuestion) => ({
    queryKey: ["predictions", project, run, question],
    queryFn: ({ pageParam, signal }: { pageParam: number; signal: AbortSignal }): Promise<PredictionPage> =>
      must(
        api.GET("/api/projects/{project}/runs/{run}/predictions", {
          params: { path: { project, run }, query: { ...question, offset: pageParam, limit: PAGE } },
          signal,
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (last: PredictionPage, pages: readonly PredictionPage[]) => {
      const seen = pages.reduce((sum, page) => sum + page.rows.length, 0);
      return last.rows.length > 0 && seen < last.total ? seen : undefined;
    },
    staleTime: Infinity,
  }),
  images: (project: string, run: string, on?: string) => ({
    queryKey: ["run-images", project, run, on ?? ""],
    queryFn: () => must(api.GET("/api/projects/{project}/runs/{run}/images", { params: { path: { project, run }, query: on ? { on } : {} } })),
    staleTime: Infinity,
  }),
  controls: (project: string, run: string) => ({
    queryKey: ["controls", project, run],
    queryFn: () => must(api.GET("/api/projects/{project}/runs/{run}/controls", { params: { path: { project, run } } })),
  }),
};
