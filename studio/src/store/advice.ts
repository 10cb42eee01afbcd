/** The advice on a flow: asked for once, kept while the flow takes it over. */
import { create } from "zustand";

import { api, must } from "../api/client";
import type { Advice, Flow } from "../api/types";
import { lookedAt } from "../model/quality";

type Question = { flow: Flow; trainedOn: string | null };

/** What was asked about each flow, by project and name: the answer stays when the flow changes. */
export const useAsked = create<{ questions: Readonly<Record<string, Question>>; put: (at: string, question: Question) => void }>((set) => ({
  questions: {},
  put: (at, question) => set((state) => ({ questions: { ...state.questions, [at]: question } })),
}));

export const askAdvice = (project: string, question: Question | null) => ({
  queryKey: ["advice", project, question && [lookedAt(question.flow), question.trainedOn]],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<Advice> => {
    if (!question) throw new Error("Nothing was asked.");
    const body = { run: null, flow: question.flow, trained_on: question.trainedOn };
    return must(api.POST("/api/projects/{project}/inspections/advice", { params: { path: { project } }, body, signal }));
  },
  enabled: question !== null,
  staleTime: Infinity,
  gcTime: Infinity,
  retry: false,
});
