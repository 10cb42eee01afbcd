import { useEffect, useMemo, useState } from "react";

import type { FlowNode } from "../api/types";
import { Button } from "../kit/Button";
import { Notice } from "../kit/small";
import { CODE_TEMPLATES } from "../model/custom_templates";
import { setSettings } from "../model/edits";
import { useCheck } from "../store/checking";
import { edit, splitKey, useOpen } from "../store/doc";
import { usePreview } from "../store/previews";
import { useView } from "../store/view";
import { LazyEditor } from "./LazyEditor";
import type { Marker } from "./TextEditor";
import { TrustNotice } from "./TrustNotice";
import { useCodeDraft } from "./inspector/useCodeDraft";
import css from "./inspector/inspector.module.css";

/** The Python of a Custom component, with what is wrong at its lines. */
export function CustomEditor({ node }: { node: FlowNode }) {
  const active = useOpen((state) => state.active);
  const owner = node.title || node.id;
  const code = typeof node.settings["code"] === "string" ? node.settings["code"] : "";
  const file = typeof node.settings["file"] === "string" ? node.settings["file"] : null;
  const draft = useCodeDraft(node.id, owner, code);
  const markers = useMarkers(node.id);
  const [jump, setJump] = useState<{ line: number; at: number } | null>(null);
  const asked = useAskedLine(node.id);
  const goTo = asked && asked.at > (jump?.at ?? 0) ? asked : jump;
  if (file !== null) {
    return (
      <Notice tone="info" actions={<Button onClick={() => takeFile(node.id, owner)}>Write it here instead</Button>}>
        The code lies in the file {file} of the project.
      </Notice>
    );
  }
  return (
    <section className={css.section} aria-label="Code">
      <TrustNotice project={active ? splitKey(active).project : ""} isWanted />
      <LazyEditor
        height={340}
        language="python"
        label={`Code of ${owner}`}
        text={draft.text}
        markers={markers}
        goTo={goTo}
        onChange={draft.type}
        onSave={draft.commit}
        onLeave={draft.leave}
      />
      {markers.length ? (
        <ul className={css.list} aria-label="Errors in the code">
          {markers.map((marker) => (
            <li key={`${marker.line}${marker.message}`}>
              <Button look="ghost" className={css.fault ?? ""} onClick={() => setJump({ line: marker.line, at: Date.now() })}>
                <strong>Line {marker.line}</strong> {marker.message}
              </Button>
            </li>
          ))}
        </ul>
      ) : null}
      <div className={css.buttons} role="group" aria-label="Start from">
        {CODE_TEMPLATES.map((template) => (
          <Button
            key={template.id}
            tip={`${template.words} It takes the place of the code; undo brings that back.`}
            onClick={() => edit(`Start ${owner} from a ${template.title.toLowerCase()}`, (flow) => setSettings(flow, node.id, { code: template.code }))}
          >
            {template.title}
          </Button>
        ))}
      </div>
      <p className={css.text}>Ctrl Enter takes the code over at once; it is also taken over when you pause or leave. Escape, then Tab leaves the editor.</p>
    </section>
  );
}

function takeFile(node: string, owner: string): void {
  edit(`Write the code of ${owner} here`, (flow) => setSettings(flow, node, { file: undefined }));
}

/** Return what is wrong with the code: what the check finds without running it, and where it failed when it ran. */
function useMarkers(node: string): readonly Marker[] {
  const { problems } = useCheck();
  const { error } = usePreview(node);
  return useMemo(() => {
    const found: Marker[] = problems.flatMap(({ node: at, line, message }) => (at === node && line ? [{ line, message: unprefixed(message) }] : []));
    const isNew = error?.line && !found.some((marker) => marker.line === error.line);
    return isNew && error.line ? [...found, { line: error.line, message: error.message }] : found;
  }, [problems, error, node]);
}

/** The line stands beside the message already. */
function unprefixed(message: string): string {
  const rest = message.replace(/^line \d+: /, "");
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** Return the line that a jump asked for, once. */
function useAskedLine(node: string): { line: number; at: number } | null {
  const focus = useView((state) => state.focus);
  const [opened, setOpened] = useState(0);
  useEffect(() => {
    const timer = window.setTimeout(() => setOpened(Date.now()), 0);
    return () => window.clearTimeout(timer);
  }, []);
  return useMemo(() => {
    const wanted = focus?.node === node && (focus.line || focus.setting === "code") ? focus : null;
    // What was asked long before the editor opened is done with.
    return wanted && opened > 0 && wanted.at > opened - 2500 ? { line: wanted.line ?? 1, at: wanted.at } : null;
  }, [focus, node, opened]);
}
