/** The images that a filter shows, fetched in pages as they come into sight. */
import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import type { SamplePage, SampleRow } from "../../api/types";
import { corrected } from "../../model/data_edits";
import { type Filter, type OpenData, PAGE, samplesQuery } from "./open";

export type Samples = {
  /** How many there are; undefined until the first page is there. */
  total: number | undefined;
  rowAt: (index: number) => SampleRow | undefined;
  /** Say which stretch is in sight. */
  want: (first: number, last: number) => void;
  error: Error | null;
  retry: () => void;
};

export function useSamples(data: OpenData, filter: Filter): Samples {
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const pages = useMemo(() => {
    const found = [0];
    for (let page = range[0]; page <= range[1]; page += 1) if (page > 0) found.push(page);
    return found;
  }, [range]);
  const results = useQueries({
    queries: pages.map((page) => ({
      ...samplesQuery(data, filter, page * PAGE),
      // After a correction the old rows stay until the new ones are there; after another choice they do not.
      placeholderData: (before: SamplePage | undefined, query?: { queryKey: readonly unknown[] }) =>
        query && isSameChoice(query.queryKey, data, filter) ? before : undefined,
    })),
  });
  const byPage = new Map(pages.map((page, index) => [page, results[index]?.data]));
  const total = results[0]?.data?.total;
  const want = useCallback((first: number, last: number) => {
    const next = [Math.floor(first / PAGE), Math.floor(last / PAGE)] as const;
    setRange((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
  }, []);
  return {
    total,
    rowAt: (index) => {
      const row = byPage.get(Math.floor(index / PAGE))?.rows[index % PAGE];
      return row && corrected(row, data.excluded, data.relabel);
    },
    want,
    error: results.find((result) => result.error)?.error ?? null,
    retry: () => results.forEach((result) => void result.refetch()),
  };
}

function isSameChoice(key: readonly unknown[], data: OpenData, filter: Filter): boolean {
  const [, project, settings, , choice] = key as ReturnType<typeof samplesQuery>["queryKey"];
  const isSameSource = (settings as OpenData["settings"]).source === data.settings.source;
  return project === data.project && isSameSource && JSON.stringify(choice) === JSON.stringify(filter);
}
