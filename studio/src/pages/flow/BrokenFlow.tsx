import { Suspense, useState } from "react";

import { Refusal, api, must } from "../../api/client";
import type { FlowFile } from "../../api/types";
import { Button } from "../../kit/Button";
import { lazily } from "../../kit/lazily";
import { Busy, Notice } from "../../kit/small";
import { useRoute } from "../../store/route";
import { say, sayError } from "../../store/toast";
import css from "./FlowPage.module.css";

const TextEditor = lazily(() => import("../../panels/TextEditor").then((module) => ({ default: module.TextEditor })));

/** A file that does not read as a flow: why, and its text to mend. */
export function BrokenFlow({ project, file, onRead }: { project: string; file: FlowFile; onRead: () => void }) {
  const [now, setNow] = useState(file);
  const [text, setText] = useState(file.text);
  const go = useRoute((state) => state.go);
  const save = async () => {
    try {
      const params = { path: { project, name: file.name } };
      const saved = await must(api.PUT("/api/projects/{project}/flows/{name}", { params, body: { text, if_digest: now.digest } as never }));
      setNow(saved);
      if (saved.flow) onRead();
      else say("Saved. It does not read as a flow yet.", { tone: "error" });
    } catch (error) {
      if (error instanceof Refusal && error.status === 409) {
        say("The file was changed elsewhere meanwhile.", { tone: "error", hint: "Copy what you typed, then read it again.", action: { label: "Read it again", run: onRead } });
      } else sayError(error);
    }
  };
  return (
    <div className={css.broken}>
      <Notice
        tone="error"
        actions={
          <div className={css.actions}>
            <Button look="primary" onClick={() => void save()} whyNot={text === now.text ? "Nothing was changed yet." : null}>
              Save
            </Button>
            <Button onClick={() => go({ page: "hub", project })}>Back to the project</Button>
          </div>
        }
      >
        <strong>{file.name} does not read as a flow.</strong> Mend its text below and save it; nothing is lost.
        <ul className={css.faults}>
          {now.problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      </Notice>
      <div className={css.brokenText}>
        <Suspense fallback={<Busy what="Opening the editor…" />}>
          <TextEditor text={text} language="yaml" label={`Text of ${file.name}`} onChange={setText} onSave={() => void save()} />
        </Suspense>
      </div>
    </div>
  );
}
