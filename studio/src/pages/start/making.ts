/** Flows that are made on the start page and in the hub: from images, from templates, at once running or not. */
import { api, must } from "../../api/client";
import type { Flow, FlowFile, TemplateCard } from "../../api/types";
import { setSettings } from "../../model/edits";
import { useRoute } from "../../store/route";
import { queries } from "../../store/session";
import { say } from "../../store/toast";

export type Start = { name?: string; template?: string; source?: string; settings?: Record<string, unknown> };

/** Make a flow and save it. */
export async function makeFlow(project: string, start: Start): Promise<FlowFile> {
  const file = await must(api.POST("/api/projects/{project}/flows", { params: { path: { project } }, body: start }));
  void queries.invalidateQueries({ queryKey: ["hub", project] });
  void queries.invalidateQueries({ queryKey: ["app"] });
  return file;
}

/** Make a flow and show it. */
export async function makeAndOpen(project: string, start: Start, page: "flow" | "data" = "flow"): Promise<void> {
  const file = await makeFlow(project, start);
  useRoute.getState().go({ page, project, flow: file.name });
}

/** Make a flow from a template that runs as it is, start it and show it. */
export async function makeAndRun(project: string, template: TemplateCard): Promise<void> {
  const file = await makeFlow(project, { template: template.name });
  useRoute.getState().go({ page: "flow", project, flow: file.name });
  if (!file.flow) return;
  const params = { path: { project } };
  await must(api.POST("/api/projects/{project}/runs", { params, body: { flow: file.flow, control: null } }));
  void queries.invalidateQueries({ queryKey: ["hub", project] });
  say(`Running ${template.title.toLowerCase()}`);
}

/** Make a flow from a template whose base is one of the project's runs. */
export async function makeOnRun(project: string, template: TemplateCard, run: string): Promise<void> {
  const file = await makeFlow(project, { template: template.name });
  if (file.flow) {
    const params = { path: { project, name: file.name } };
    const body = { flow: withBase(file.flow, `run:${run}`), text: null, if_digest: file.digest };
    await must(api.PUT("/api/projects/{project}/flows/{name}", { params, body }));
  }
  useRoute.getState().go({ page: "flow", project, flow: file.name });
}

/** Put a base into the backbones that wait for a run. */
function withBase(flow: Flow, base: string): Flow {
  return flow.nodes
    .filter((node) => node.component === "backbone" && node.settings["base"] === "run:ID")
    .reduce((next, node) => setSettings(next, node.id, { base, last_stage: undefined }), flow);
}

export const wantsRun = (template: TemplateCard): boolean => template.base === "run:ID";
export const wantsData = (template: TemplateCard): boolean => !template.is_ready && !wantsRun(template);
