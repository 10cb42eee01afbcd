/** Adapting the open flow to images of another domain: asked for once, kept while the flow changes. */
import { create } from "zustand";

import { api, must } from "../api/client";
import type { AdaptationReport, Flow, Gap } from "../api/types";
import { lookedAt } from "../model/quality";
import { edit } from "./doc";
import { say, sayError } from "./toast";

export type AdaptQuestion = { flow: Flow; target: string; at: string; names: Record<string, string> };

/** What was asked about each flow, by project and name. */
export const useAdapting = create<{ questions: Readonly<Record<string, AdaptQuestion>>; put: (at: string, question: AdaptQuestion) => void }>((set) => ({
  questions: {},
  put: (at, question) => set((state) => ({ questions: { ...state.questions, [at]: question } })),
}));

export const askAdaptation = (project: string, question: AdaptQuestion | null) => ({
  queryKey: ["adaptation", project, question && [lookedAt(question.flow), question.target, question.at, question.names]],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<AdaptationReport> => {
    if (!question) throw new Error("Nothing was asked.");
    const { flow, target, at, names } = question;
    const body = { run: null, flow, target, at, names, method: "auto", max_images: null };
    return must(api.POST("/api/projects/{project}/inspections/adaptation", { params: { path: { project } }, body, signal }));
  },
  enabled: question !== null,
  staleTime: Infinity,
  gcTime: Infinity,
  retry: false,
});

export type GapQuestion = { flow: Flow; target: string; names: Record<string, string> };

/** What was asked of the gap, by project and name of the flow. */
export const useGaps = create<{ questions: Readonly<Record<string, GapQuestion>>; put: (at: string, question: GapQuestion) => void }>((set) => ({
  questions: {},
  put: (at, question) => set((state) => ({ questions: { ...state.questions, [at]: question } })),
}));

export const askGap = (project: string, question: GapQuestion | null) => ({
  queryKey: ["gap", project, question && [lookedAt(question.flow), question.target, question.names]],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<Gap> => {
    if (!question) throw new Error("Nothing was asked.");
    const body = { run: null, ...question, max_images: 500 };
    return must(api.POST("/api/projects/{project}/inspections/gap", { params: { path: { project } }, body, signal }));
  },
  enabled: question !== null,
  staleTime: Infinity,
  gcTime: Infinity,
  retry: false,
});

export type TrainedMethod = "deep_coral" | "dan" | "jan" | "dann" | "cdan" | "mcc" | "mcd" | "entropy";

/** Put the target's images and an adaptation into the open flow; undo takes them out. */
export async function putIntoFlow(project: string, flow: Flow, target: string, method: TrainedMethod): Promise<void> {
  try {
    const adapted = await must(api.POST("/api/projects/{project}/adapted-flow", { params: { path: { project } }, body: { flow, target, method } }));
    edit("adapt to a target", () => adapted);
    say("The flow has a node for the target's images and an adaptation now. Run it; undo takes them out.");
  } catch (error) {
    sayError(error);
  }
}
