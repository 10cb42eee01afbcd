/** Questions about what the pretrained base says of a flow's data. */
import { create } from "zustand";

import { api, must } from "../api/client";
import type { DataFix, DataQuality, FixEffect, Flow } from "../api/types";
import { lookedAt } from "../model/quality";

/** The flow whose data was looked at, by project and name: findings stay while corrections are made. */
export const useLooked = create<{ flows: Readonly<Record<string, Flow>>; look: (at: string, flow: Flow) => void }>((set) => ({
  flows: {},
  look: (at, flow) => set((state) => ({ flows: { ...state.flows, [at]: flow } })),
}));

export const askQuality = {
  found: (project: string, flow: Flow | null) => ({
    queryKey: ["quality", project, flow && lookedAt(flow)],
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<DataQuality> => {
      if (!flow) throw new Error("No flow was looked at.");
      return must(
        api.POST("/api/projects/{project}/inspections/data", { params: { path: { project } }, body: { run: null, flow }, signal }),
      );
    },
    enabled: flow !== null,
    staleTime: Infinity,
    gcTime: Infinity,
    retry: false,
  }),
  progress: (project: string, isWanted: boolean) => ({
    queryKey: ["quality-progress", project],
    queryFn: () => must(api.GET("/api/projects/{project}/inspections/data/progress", { params: { path: { project } } })),
    enabled: isWanted,
    refetchInterval: 700,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  }),
};

/** Measure what a fix gives, or what the flow's corrections gave when no fix is named. */
export function measure(project: string, flow: Flow, fix: DataFix | null): Promise<FixEffect> {
  return must(
    api.POST("/api/projects/{project}/inspections/data/effect", {
      params: { path: { project } },
      body: { run: null, flow, changes: fix ? fix.changes : null, what: fix ? fix.title : "The corrections so far" },
    }),
  );
}
