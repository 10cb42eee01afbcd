/** Range tests of flows: asked for once for each flow and range. */
import { api, must } from "../api/client";
import type { Flow, RateChoices, RateTest } from "../api/types";
import { lookedAt } from "../model/quality";

export type RateQuestion = { flow: Flow; choices: RateChoices };

export const askRate = (project: string, question: RateQuestion | null) => ({
  queryKey: ["rate", project, question && [lookedAt(question.flow), question.choices]],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<RateTest> => {
    if (!question) throw new Error("Nothing was asked.");
    const body = { run: null, ...question };
    return must(api.POST("/api/projects/{project}/inspections/rate", { params: { path: { project } }, body, signal }));
  },
  enabled: question !== null,
  staleTime: Infinity,
  retry: false,
});
