/** A flow's data as the page has it: what the flow says, and what the server found in it. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { api, must } from "../../api/client";
import type { DataView, Flow, FlowFile, FlowNode, ImagesSettings, SamplePage, SampleRow } from "../../api/types";
import { imagesNode } from "../../model/data_edits";
import { fullSettings } from "../../model/thumbnails";
import { activate, docKey, useDoc, useOpen } from "../../store/doc";
import { openFlow } from "../../store/saving";
import { queries } from "../../store/session";

export type OpenData = {
  project: string;
  flow: Flow;
  node: FlowNode;
  settings: ImagesSettings;
  seed: number;
  view: DataView;
  classes: readonly string[];
  excluded: ReadonlySet<string>;
  relabel: Readonly<Record<string, string>>;
  /** Whether the server reads the data again after an edit. */
  isBehind: boolean;
};

/** Which images are shown. */
export type Filter = {
  label: string | null;
  split: "train" | "validation" | "test" | null;
  text: string;
  only: "all" | "excluded" | "relabeled" | "problem";
};
export const ALL: Filter = { label: null, split: null, text: "", only: "all" };

type Opened = { file: FlowFile | null; error: Error | null; retry: () => void };

/** Open the flow of the page in a tab, and make it the active one. */
export function useOpened(project: string, name: string): Opened {
  const [state, setState] = useState<Omit<Opened, "retry">>({ file: null, error: null });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isHere = true;
    openFlow(project, name)
      .then((file) => {
        if (!isHere) return;
        if (file.flow) activate(docKey(project, name));
        setState({ file, error: null });
      })
      .catch((error: unknown) => isHere && setState({ file: null, error: error as Error }));
    return () => {
      isHere = false;
    };
  }, [project, name, tries]);
  return { ...state, retry: () => setTries((count) => count + 1) };
}

export const useIsActive = (project: string, name: string): boolean =>
  useOpen((state) => state.active === docKey(project, name) && docKey(project, name) in state.docs);

/** The active flow's images node with its settings, stable while nothing in it changes. */
export function useImagesNode() {
  const flow = useDoc((state) => state.flow);
  const node = imagesNode(flow);
  const raw = node?.settings;
  const settings = useMemo(() => fullSettings((raw ?? {}) as Record<string, unknown>), [raw]);
  return { flow, node, settings, seed: flow.recipe.seed ?? 0 };
}

/** What the server finds in the images; after an edit the old view stays until the new one is there. */
export function useView(project: string, settings: ImagesSettings, seed: number, isWanted: boolean) {
  return useQuery({
    queryKey: ["data", project, settings.source, settings, seed],
    queryFn: ({ signal }) =>
      must(api.POST("/api/projects/{project}/data", { params: { path: { project } }, body: { settings, seed }, signal })),
    placeholderData: (before, query) => (query?.queryKey[2] === settings.source ? before : undefined),
    enabled: isWanted && settings.source !== "",
    staleTime: Infinity,
    retry: false,
  });
}

export const PAGE = 120;

type Where = Pick<OpenData, "project" | "settings" | "seed">;

/** The question for a stretch of the images. */
export const samplesQuery = ({ project, settings, seed }: Where, filter: Filter, offset: number, limit = PAGE) => ({
  queryKey: ["samples", project, settings, seed, filter, offset, limit],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<SamplePage> =>
    must(
      api.POST("/api/projects/{project}/data/samples", {
        params: { path: { project } },
        body: { settings, seed, ...filter, offset, limit },
        signal,
      }),
    ),
  staleTime: Infinity,
  retry: false,
});

/** Return all images that a filter shows, up to `most`. */
export async function allRows(where: Where, filter: Filter, most = 20_000): Promise<SampleRow[]> {
  const rows: SampleRow[] = [];
  for (let offset = 0; offset < most; offset += 500) {
    const page = await queries.fetchQuery(samplesQuery(where, filter, offset, 500));
    rows.push(...page.rows);
    if (rows.length >= page.total || page.rows.length === 0) break;
  }
  return rows;
}
