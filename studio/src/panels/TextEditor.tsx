import { python } from "@codemirror/lang-python";
import { yaml } from "@codemirror/lang-yaml";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";

import css from "./TextEditor.module.css";
import { editorLook } from "./editorLook";

export type Marker = { line: number; message: string };

type Props = {
  text: string;
  language: "yaml" | "python";
  onChange?: (text: string) => void;
  /** Ctrl+Enter or Ctrl+S. */
  onSave?: () => void;
  /** The editor has lost the keyboard. */
  onLeave?: () => void;
  readOnly?: boolean;
  markers?: readonly Marker[];
  label?: string;
  /** A line to go to; anew whenever `at` changes. */
  goTo?: { line: number; at: number } | null;
};

/** A text editor for code. It keeps its own undo; Escape and then Tab leaves it. */
export function TextEditor(props: Props) {
  const { text, language, readOnly = false, markers, label = "Text", goTo } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    if (!host.current) return;
    const made = new EditorView({ parent: host.current, state: stateOf(latest, language, readOnly, label) });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [language, readOnly, label]);

  useEffect(() => {
    const now = view.current;
    if (!now || now.state.doc.toString() === text) return;
    now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: text }, userEvent: "external" });
  }, [text]);

  useEffect(() => {
    const now = view.current;
    if (now) now.dispatch(setDiagnostics(now.state, (markers ?? []).flatMap((marker) => diagnostic(now.state, marker))));
  }, [markers, text, language, readOnly]);

  useEffect(() => {
    const now = view.current;
    if (!now || !goTo) return;
    const line = now.state.doc.line(Math.min(Math.max(1, goTo.line), now.state.doc.lines));
    now.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
    now.focus();
  }, [goTo]);

  return <div ref={host} className={css.editor} data-read-only={readOnly || undefined} />;
}

function stateOf(latest: React.RefObject<Props>, language: Props["language"], readOnly: boolean, label: string): EditorState {
  const save = () => {
    latest.current.onSave?.();
    return latest.current.onSave !== undefined;
  };
  return EditorState.create({
    doc: latest.current.text,
    extensions: [
      Prec.highest(keymap.of([{ key: "Mod-Enter", run: save }, { key: "Mod-s", run: save }])),
      basicSetup,
      language === "python" ? python() : yaml(),
      editorLook,
      lintGutter(),
      EditorState.readOnly.of(readOnly),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", ...(readOnly ? { "aria-readonly": "true" } : {}) }),
      EditorView.updateListener.of((update) => {
        const isOwn = update.docChanged && !update.transactions.some((one) => one.isUserEvent("external"));
        if (isOwn) latest.current.onChange?.(update.state.doc.toString());
        if (update.focusChanged && !update.view.hasFocus) latest.current.onLeave?.();
      }),
    ],
  });
}

function diagnostic(state: EditorState, { line, message }: Marker) {
  if (line < 1 || line > state.doc.lines) return [];
  const { from, to, text } = state.doc.line(line);
  const indent = text.length - text.trimStart().length;
  return [{ from: Math.min(from + indent, to), to, severity: "error" as const, message }];
}

export default TextEditor;
