/** All predictions of a run whose answers are numbers, page by page, as far as a chart can use them. */
import { useEffect, useState } from "react";

import { api, must } from "../api/client";
import type { PredictionPage, PredictionRow } from "../api/types";
import { queries } from "./session";

const PAGE = 500;
/** Rows that are loaded at most: more do not tell more in a chart. */
export const MOST_ROWS = 20_000;

export type Numbers = { rows: readonly PredictionRow[]; total: number | null; isAll: boolean; error: Error | null };
const NONE: Numbers = { rows: [], total: null, isAll: false, error: null };

const ask = (project: string, run: string, split: "validation" | "test", offset: number, signal: AbortSignal): Promise<PredictionPage> =>
  must(
    api.GET("/api/projects/{project}/runs/{run}/predictions", {
      params: { path: { project, run }, query: { split, sort: "key", descending: false, offset, limit: PAGE } },
      signal,
    }),
  );

/** Return the rows so far; ends when the component goes. What was read whole is kept while the page stays. */
export function useNumbers(project: string, run: string, split: "validation" | "test", attempt = 0): Numbers {
  const key = JSON.stringify([project, run, split, attempt]);
  const [found, setFound] = useState<{ of: string; numbers: Numbers }>({ of: "", numbers: NONE });
  useEffect(() => {
    const abort = new AbortController();
    const tell = (numbers: Numbers) => abort.signal.aborted || setFound({ of: key, numbers });
    const name = ["numbers", project, run, split];
    const kept = queries.getQueryData<Numbers>(name);
    const read = async () => {
      let rows: PredictionRow[] = [];
      let total: number | null = null;
      try {
        while (total === null || rows.length < Math.min(total, MOST_ROWS)) {
          const page = await ask(project, run, split, rows.length, abort.signal);
          if (page.rows.length === 0 && page.total > rows.length) break;
          rows = rows.concat(page.rows);
          total = page.total;
          tell({ rows, total, isAll: false, error: null });
        }
        const all = { rows, total, isAll: true, error: null };
        queries.setQueryData(name, all);
        tell(all);
      } catch (error) {
        tell({ rows, total, isAll: false, error: error instanceof Error ? error : new Error(String(error)) });
      }
    };
    if (kept) tell(kept);
    else void read();
    return () => abort.abort();
  }, [key, project, run, split]);
  return found.of === key ? found.numbers : NONE;
}
