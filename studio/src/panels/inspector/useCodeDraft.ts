import { useEffect, useRef, useState } from "react";

import type { Flow } from "../../api/types";
import { nodeOf, setSettings } from "../../model/edits";
import { activeDoc, edit } from "../../store/doc";

const PAUSE_MS = 800;

/** Code that is being typed. It is committed in pauses and on leaving; what is typed in one go is one step of undo. */
export function useCodeDraft(node: string, owner: string, code: string) {
  const [draft, setDraft] = useState({ code, text: code });
  if (draft.code !== code) setDraft({ code, text: code });
  const text = draft.code === code ? draft.text : code;
  const timer = useRef<number | undefined>(undefined);
  /** The flow that the last commit of this go gave. */
  const going = useRef<Flow | null>(null);
  const waiting = useRef<string | null>(null);

  const commit = () => {
    window.clearTimeout(timer.current);
    const wanted = waiting.current;
    const doc = activeDoc();
    waiting.current = null;
    if (wanted === null || !doc || nodeOf(doc.getState().flow, node)?.settings["code"] === wanted) return;
    const change = (flow: Flow) => setSettings(flow, node, { code: wanted === "" ? undefined : wanted });
    if (going.current === doc.getState().flow) {
      doc.temporal.getState().pause();
      doc.setState({ flow: change(doc.getState().flow) });
      doc.temporal.getState().resume();
    } else {
      edit(`Edit the code of ${owner}`, change);
    }
    going.current = doc.getState().flow;
  };
  const latest = useRef(commit);
  useEffect(() => {
    latest.current = commit;
  });
  useEffect(() => () => latest.current(), []);

  return {
    text,
    type: (next: string) => {
      setDraft({ code, text: next });
      waiting.current = next;
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => latest.current(), PAUSE_MS);
    },
    commit,
    /** End a go: what is typed later is another step of undo. */
    leave: () => {
      commit();
      going.current = null;
    },
  };
}
