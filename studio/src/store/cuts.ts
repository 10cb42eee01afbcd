/** The base inside a node: its card, and what each cut of it would cost. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { create } from "zustand";

import { Refusal, api, must } from "../api/client";
import type { BaseCard, CutTable, Flow, FlowNode, Plan } from "../api/types";
import { nodeOf, setSettings } from "../model/edits";
import { previewKeys } from "../model/preview_queue";
import { useCheck } from "./checking";
import { splitKey, useDoc, useOpen } from "./doc";

const LOOK = { samples: null, split: null, number: 1, run: null };
const REST_MS = 500;

export const holdsBase = (node: FlowNode): boolean => node.component === "backbone" || node.component === "custom";

/** What the base of a node stands on: for a backbone its id, size and last stage; for code, all before it. */
function standsOn(flow: Flow, node: FlowNode): unknown[] {
  const { base, image_size: size, last_stage: last } = node.settings;
  const isNew = node.settings["strategy"] === "from_scratch";
  if (node.component === "backbone") return [base, size, last, isNew && flow.recipe.seed, imagesSize(flow)];
  return [previewKeys(flow, LOOK).get(node.id)];
}

const imagesSize = (flow: Flow): unknown => flow.nodes.find((node) => node.component === "images")?.settings["size"];

const askCard = (project: string, flow: Flow, node: string, signal: AbortSignal): Promise<BaseCard> => {
  const params = { path: { project, node } };
  return must(api.POST("/api/projects/{project}/nodes/{node}/base", { params, body: { flow }, signal }));
};

export const retries = (count: number, error: Error): boolean => error instanceof Refusal && error.isOffline && count < 3;

/** A value that rests: it follows after it has not changed for a while. */
export function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setRested(value), REST_MS);
    return () => window.clearTimeout(timer);
  }, [value]);
  return rested;
}

/** Keep showing the last answer while a new one comes, as long as both are about the same thing. */
function keepOf<T>(about: string) {
  return (last: T | undefined, query: { queryKey: readonly unknown[] } | undefined): T | undefined =>
    query?.queryKey[1] === about ? last : undefined;
}

export function useHere() {
  const active = useOpen((state) => state.active);
  const flow = useDoc((state) => state.flow);
  return { project: active ? splitKey(active).project : "", key: active ?? "", flow };
}

/** Return the card of the base in a node, and the card with the stages that `last_stage` leaves out. */
export function useBase(id: string): { card: BaseCard | undefined; whole: BaseCard | undefined; error: Error | null; isBusy: boolean; again: () => void } {
  const { project, key, flow } = useHere();
  const node = nodeOf(flow, id);
  const stands = useRested(JSON.stringify(node && holdsBase(node) ? [key, node.id, ...standsOn(flow, node)] : null));
  const isCut = node?.component === "backbone" && Boolean(node.settings["last_stage"]);
  const about = `${key} ${id} ${String(node?.settings["base"] ?? "")}`;
  const own = useQuery<BaseCard>({
    queryKey: ["base", about, stands],
    queryFn: ({ signal }) => askCard(project, flow, id, signal),
    enabled: stands !== "null",
    staleTime: Infinity,
    retry: retries,
    placeholderData: keepOf<BaseCard>(about),
  });
  const whole = useQuery<BaseCard>({
    queryKey: ["base", about, stands, "whole"],
    queryFn: ({ signal }) => askCard(project, setSettings(flow, id, { last_stage: undefined, cut: undefined, strategy: "all_layers" }), id, signal),
    enabled: isCut && stands !== "null",
    staleTime: Infinity,
    retry: retries,
    placeholderData: keepOf<BaseCard>(about),
  });
  return { card: own.data, whole: isCut ? whole.data : own.data, error: own.error, isBusy: own.isFetching, again: () => void own.refetch() };
}

/** All of a flow that a plan stands on, except for the cut and the strategy of one node. */
function planKey(flow: Flow, free: string | null): string {
  const { nodes, edges, recipe } = flow;
  const plain = nodes.map((node) => {
    const { strategy, cut, ...rest } = node.settings;
    const settings = node.id === free ? { ...rest, isNew: strategy === "from_scratch" } : { ...rest, strategy, cut };
    return [node.id, node.component, settings, node.is_bypassed];
  });
  return JSON.stringify([plain, edges, recipe]);
}

/** Return what each cut of a backbone would cost, once the flow has no problems. */
export function useCutTable(id: string): { table: CutTable | null; why: string | null; isBusy: boolean; isOld: boolean } {
  const { project, key, flow } = useHere();
  const check = useCheck();
  const isBackbone = nodeOf(flow, id)?.component === "backbone";
  const errors = check.problems.filter((problem) => problem.level === "error").length;
  const now = isBackbone ? planKey(flow, id) : "";
  const stands = useRested(now);
  const about = `${key} ${id}`;
  const found = useQuery<CutTable>({
    queryKey: ["cuts", about, stands],
    queryFn: ({ signal }) => {
      const params = { path: { project, node: id } };
      return must(api.POST("/api/projects/{project}/nodes/{node}/cuts", { params, body: { flow }, signal }));
    },
    enabled: stands !== "" && errors === 0 && check.digest !== "",
    staleTime: Infinity,
    retry: retries,
    placeholderData: keepOf<CutTable>(about),
  });
  const why = errors ? "Costs are told once the flow has no problems." : (found.error?.message ?? null);
  return { table: isBackbone && errors === 0 ? (found.data ?? null) : null, why, isBusy: found.isFetching, isOld: found.isPlaceholderData || now !== stands };
}

/** Return the plan of a flow whose base is code: only the plan knows what the code itself froze. */
export function useCodePlan(id: string): Plan | null {
  const { project, key, flow } = useHere();
  const check = useCheck();
  const isCode = nodeOf(flow, id)?.component === "custom";
  const isReady = check.digest !== "" && !check.problems.some((problem) => problem.level === "error");
  const stands = useRested(isCode ? planKey(flow, null) : "");
  const found = useQuery<Plan>({
    queryKey: ["plan", key, stands],
    queryFn: ({ signal }) => {
      const params = { path: { project } };
      return must(api.POST("/api/projects/{project}/plan", { params, body: { flow }, signal }));
    },
    enabled: stands !== "" && isReady,
    staleTime: Infinity,
    retry: retries,
    placeholderData: keepOf<Plan>(key),
  });
  return isCode && found.data?.main === id ? found.data : null;
}

/** Where a boundary is being dragged to; shown in the node and in the inspector alike, and never saved. */
type DraftState = { draft: { flow: string; node: string; index: number } | null };
export const useDraft = create<DraftState>(() => ({ draft: null }));
