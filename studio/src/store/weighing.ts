/** Weights of the open flow's images for a target, and labels that are passed on: asked for once, kept while the flow changes. */
import { create } from "zustand";

import { api, must } from "../api/client";
import type { Flow, Propagation, WeighingFile } from "../api/types";
import { setRecipe } from "../model/edits";
import { lookedAt } from "../model/quality";
import { edit } from "./doc";
import { say } from "./toast";

export type WeighMethod = "domain_classifier" | "kmm" | "ulsif" | "rulsif" | "kliep" | "select" | "tradaboost";
export type WeighQuestion = { flow: Flow; target: string; method: WeighMethod; names: Record<string, string> };
export type LabelsQuestion = { flow: Flow; target: string };

type Asked<Q> = { questions: Readonly<Record<string, Q>>; put: (at: string, question: Q) => void };

const asked = <Q>() =>
  create<Asked<Q>>((set) => ({
    questions: {},
    put: (at, question) => set((state) => ({ questions: { ...state.questions, [at]: question } })),
  }));

/** What was asked about each flow, by project and name. */
export const useWeighing = asked<WeighQuestion>();
export const useLabels = asked<LabelsQuestion>();

const ONCE = { staleTime: Infinity, gcTime: Infinity, retry: false } as const;

export const askWeights = (project: string, question: WeighQuestion | null) => ({
  ...ONCE,
  // Weights go into the flow's recipe: what they stand on is its nodes alone.
  queryKey: ["weighing", project, question && [JSON.stringify(question.flow.nodes), question.target, question.method, question.names]],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<WeighingFile> => {
    if (!question) throw new Error("Nothing was asked.");
    const body = { run: null, ...question, num: null, at: "base", max_images: null };
    return must(api.POST("/api/projects/{project}/inspections/weighing", { params: { path: { project } }, body, signal }));
  },
  enabled: question !== null,
});

export const askLabels = (project: string, question: LabelsQuestion | null) => ({
  ...ONCE,
  queryKey: ["propagation", project, question && [lookedAt(question.flow), question.target]],
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<Propagation> => {
    if (!question) throw new Error("Nothing was asked.");
    const body = { run: null, ...question, names: {}, at: "base", max_images: null };
    return must(api.POST("/api/projects/{project}/inspections/propagation", { params: { path: { project } }, body, signal }));
  },
  enabled: question !== null,
});

/** Let the open flow train with weights, or without any; undo takes it back. */
export function trainWith(file: string | null): void {
  edit(file ? "train with these weights" : "train without weights", (flow) => setRecipe(flow, { image_weights: file }));
  say(file ? "The flow trains with these weights now; undo takes them out." : "The flow trains with all images alike again.");
}

/** Write accepted labels as a table of the project, make a flow that reads it, and return its name. */
export async function makeLabelledFlow(project: string, question: LabelsQuestion, accepted: { key: string; label: string }[]): Promise<string> {
  const { flow, target } = question;
  const body = { run: null, flow, target, names: {}, max_images: null, accepted };
  const table = await must(api.POST("/api/projects/{project}/inspections/propagation/accepted", { params: { path: { project } }, body }));
  const nodes = flow.nodes.map((node) => (node.component === "images" ? { ...node, settings: { source: table.file } } : node));
  const made = { ...flow, nodes };
  const name = `${flow.name}-labels`;
  const file = await must(api.POST("/api/projects/{project}/flows", { params: { path: { project } }, body: { name, flow: made } as never }));
  say(`${table.num_accepted} accepted labels and ${table.num_labelled} of your own are in the new flow.`);
  return file.name;
}
