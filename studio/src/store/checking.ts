/** What the server says about the flow as it is: problems, ports and shapes. Asked after each edit, in milliseconds. */
import { useEffect } from "react";
import { create } from "zustand";

import { api, must } from "../api/client";
import type { FlowCheck } from "../api/types";
import { type Doc, splitKey, useOpen } from "./doc";

const EMPTY: FlowCheck = { digest: "", problems: [], faces: {}, proposals: [] } as unknown as FlowCheck;
const WAIT_MS = 60;

type CheckState = { checks: Record<string, FlowCheck> };
export const useChecks = create<CheckState>(() => ({ checks: {} }));

/** Return the check of the active flow. */
export function useCheck(): FlowCheck {
  const active = useOpen((state) => state.active);
  return useChecks((state) => (active ? (state.checks[active] ?? EMPTY) : EMPTY));
}

async function look(key: string, doc: Doc, signal: AbortSignal): Promise<void> {
  const { project } = splitKey(key);
  const params = { path: { project } };
  const body = { flow: doc.getState().flow };
  const check = await must(api.POST("/api/projects/{project}/check", { params, body, signal }));
  useChecks.setState((state) => ({ checks: { ...state.checks, [key]: check } }));
}

/** Keep the check of the active flow up to date. */
export function useChecking(): void {
  const key = useOpen((state) => state.active);
  const doc = useOpen((state) => (state.active ? state.docs[state.active] : undefined));
  useEffect(() => {
    if (!key || !doc) return;
    let timer: number | undefined;
    let going: AbortController | null = null;
    const run = () => {
      going?.abort();
      going = new AbortController();
      look(key, doc, going.signal).catch(() => undefined); // away: the last check stays
    };
    run();
    const end = doc.subscribe((state, before) => {
      if (state.flow === before.flow) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(run, WAIT_MS);
    });
    return () => {
      end();
      window.clearTimeout(timer);
      going?.abort();
    };
  }, [key, doc]);
}
