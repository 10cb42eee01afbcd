/** Reports of a run and of runs side by side: HTML files that stand alone. */
import { useIsMutating, useMutation } from "@tanstack/react-query";

import { api, must } from "../api/client";
import { reportAddress } from "../model/reports";
import { ask, queries } from "./session";
import { say, sayError } from "./toast";

/** Open a page of the server beside the studio. */
export const openBeside = (address: string): void => void window.open(address, "_blank", "noopener");

export type FullReport = { isWriting: boolean; error: Error | null; isWritten: boolean; write: () => void };

/** Return how the full report of a run is written. The page may be left meanwhile: the work goes on, and is shown on return. */
export function useFullReport(project: string, run: string): FullReport {
  const mutationKey = ["report", project, run];
  const writing = useIsMutating({ mutationKey }) > 0;
  const write = useMutation({
    mutationKey,
    mutationFn: () => must(api.POST("/api/projects/{project}/inspections/report", { params: { path: { project } }, body: { run } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ask.run(project, run).queryKey });
      const open = () => openBeside(reportAddress(project, run));
      say("The full report is written.", { tone: "ok", topic: `report ${run}`, action: { label: "Open it", run: open } });
    },
    onError: (error) => sayError(error),
  });
  return { isWriting: writing, error: writing ? null : write.error, isWritten: write.isSuccess, write: () => write.mutate() };
}
