/** What can be done with flows and runs of a project; deleting a flow can be taken back. */
import { api, must } from "../../api/client";
import type { Flow, FlowFile, RunCard } from "../../api/types";
import { closeDoc, docKey, emptyFlow } from "../../store/doc";
import { useRoute } from "../../store/route";
import { queries } from "../../store/session";
import { say, sayError } from "../../store/toast";

const again = (project: string): Promise<void> => queries.invalidateQueries({ queryKey: ["hub", project] });
const file = (project: string, name: string) => ({ params: { path: { project, name } } });
const run = (project: string, id: string) => ({ params: { path: { project, run: id } } });

/** Make an empty flow and show it. */
export async function makeBlank(project: string): Promise<void> {
  const { recipe: _defaults, ...flow } = { ...emptyFlow(), name: "flow" };
  const made = await must(
    api.POST("/api/projects/{project}/flows", {
      params: { path: { project } },
      body: { name: "flow", flow: flow as unknown as Flow },
    }),
  );
  void again(project);
  useRoute.getState().go({ page: "flow", project, flow: made.name });
}

export async function duplicateFlow(project: string, name: string): Promise<void> {
  const read = await must(api.GET("/api/projects/{project}/flows/{name}", file(project, name)));
  if (!read.flow) return say("A file that does not read as a flow cannot be duplicated.", { tone: "error" });
  const made = await remake(project, `${name}-copy`, read.flow);
  say(`Made ${made.name}`, { tone: "ok" });
}

async function remake(project: string, name: string, flow: Flow): Promise<FlowFile> {
  const made = await must(
    api.POST("/api/projects/{project}/flows", { params: { path: { project } }, body: { name, flow } }),
  );
  void again(project);
  return made;
}

export async function renameFlow(project: string, name: string, next: string): Promise<void> {
  await must(api.POST("/api/projects/{project}/flows/{name}/name", { ...file(project, name), body: { name: next } }));
  closeDoc(docKey(project, name));
  void again(project);
  say(`${name} is now ${next}`, { tone: "ok" });
}

/** Delete a flow file; the text is kept until the message is gone, so that it can be put back as it was. */
export async function deleteFlow(project: string, name: string): Promise<void> {
  const read = await must(api.GET("/api/projects/{project}/flows/{name}", file(project, name)));
  await must(api.DELETE("/api/projects/{project}/flows/{name}", file(project, name)));
  closeDoc(docKey(project, name));
  void again(project);
  const putBack = () =>
    must(api.PUT("/api/projects/{project}/flows/{name}", { ...file(project, name), body: { text: read.text, flow: null, if_digest: null } }))
      .then(() => again(project))
      .catch(sayError);
  say(`Deleted the flow ${name}; its runs stay`, { action: { label: "Undo", run: () => void putBack() } });
}

export async function editRun(project: string, id: string, changes: { name?: string; note?: string }): Promise<void> {
  await must(api.PATCH("/api/projects/{project}/runs/{run}", { ...run(project, id), body: changes }));
  void again(project);
}

/** Delete a run's folder; this cannot be taken back. */
export async function deleteRun(project: string, card: RunCard): Promise<void> {
  await must(api.DELETE("/api/projects/{project}/runs/{run}", run(project, card.id)));
  void again(project);
  say(`Deleted the run ${card.name ?? card.id}`, { tone: "ok" });
}

export async function resumeRun(project: string, card: RunCard): Promise<void> {
  const params = { path: { project, run: card.id, order: "resume" as const } };
  await must(api.POST("/api/projects/{project}/runs/{run}/{order}", { params }));
  void again(project);
  say(`The run ${card.name ?? card.id} goes on`, { tone: "ok" });
}
