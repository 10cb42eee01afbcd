/** What the server says about the flow as it is: problems, ports and shapes. Asked after each edit, in milliseconds.
 *
 * Facts of the data and the bases are asked for apart, as they may take seconds the first time; a check goes on
 * with those that are known. */
import { useEffect } from "react";
import { create } from "zustand";

import { api, must } from "../api/client";
import type { Facts, Flow, FlowCheck } from "../api/types";
import { factsKey } from "../model/facts";
import { type Doc, splitKey, useOpen } from "./doc";

const EMPTY = { digest: "", problems: [], faces: {}, proposals: [] } as unknown as FlowCheck;
const WAIT_MS = 60;
const FACTS_WAIT_MS = 500;

type CheckState = { checks: Record<string, FlowCheck>; facts: Record<string, { key: string; facts: Facts }> };
export const useChecks = create<CheckState>(() => ({ checks: {}, facts: {} }));

/** Return the check of the active flow. */
export function useCheck(): FlowCheck {
  const active = useOpen((state) => state.active);
  return useChecks((state) => (active ? (state.checks[active] ?? EMPTY) : EMPTY));
}

async function look(key: string, flow: Flow, signal: AbortSignal): Promise<void> {
  const params = { path: { project: splitKey(key).project } };
  const known = useChecks.getState().facts[key];
  const facts = known?.key === factsKey(flow) ? known.facts : null;
  const check = await must(
    api.POST("/api/projects/{project}/check", { params, body: { flow, facts }, signal }),
  );
  useChecks.setState((state) => ({ checks: { ...state.checks, [key]: check } }));
}

/** Ask for the facts of a flow; true when they are new. */
async function learn(key: string, flow: Flow, signal: AbortSignal): Promise<boolean> {
  const name = factsKey(flow);
  if (useChecks.getState().facts[key]?.key === name) return false;
  const params = { path: { project: splitKey(key).project } };
  const facts = await must(api.POST("/api/projects/{project}/facts", { params, body: { flow }, signal }));
  useChecks.setState((state) => ({ facts: { ...state.facts, [key]: { key: name, facts } } }));
  return true;
}

/** Keeps the check of one doc up to date until it is ended. */
class Watcher {
  private timers: { check?: number; facts?: number } = {};
  private checking: AbortController | null = null;
  private learning: AbortController | null = null;

  constructor(
    private readonly key: string,
    private readonly doc: Doc,
  ) {}

  check = (): void => {
    this.checking?.abort();
    this.checking = new AbortController();
    // While the server is away the last check stays.
    look(this.key, this.doc.getState().flow, this.checking.signal).catch(() => undefined);
  };

  learn = (): void => {
    this.learning?.abort();
    this.learning = new AbortController();
    learn(this.key, this.doc.getState().flow, this.learning.signal)
      .then((isNew) => (isNew ? this.check() : undefined))
      .catch(() => undefined);
  };

  later = (): void => {
    window.clearTimeout(this.timers.check);
    window.clearTimeout(this.timers.facts);
    this.timers = {
      check: window.setTimeout(this.check, WAIT_MS),
      facts: window.setTimeout(this.learn, FACTS_WAIT_MS),
    };
  };

  end = (): void => {
    window.clearTimeout(this.timers.check);
    window.clearTimeout(this.timers.facts);
    this.checking?.abort();
    this.learning?.abort();
  };
}

/** Keep the check of the active flow up to date. */
export function useChecking(): void {
  const key = useOpen((state) => state.active);
  const doc = useOpen((state) => (state.active ? state.docs[state.active] : undefined));
  useEffect(() => {
    if (!key || !doc) return;
    const watcher = new Watcher(key, doc);
    watcher.check();
    watcher.learn();
    const unsubscribe = doc.subscribe((state, before) => {
      if (state.flow !== before.flow) watcher.later();
    });
    return () => {
      unsubscribe();
      watcher.end();
    };
  }, [key, doc]);
}
