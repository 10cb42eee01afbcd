import { FolderDown } from "lucide-react";
import { useEffect, useState } from "react";

import { Button } from "../kit/Button";
import { Modal } from "../kit/Modal";
import { Busy, Notice, Progress } from "../kit/small";
import { formatExact, formatPlural } from "../model/format";
import { type DropPlan, leftOutWords, planWords } from "../model/uploads";
import { cancelUpload, sendDrop, takeDrop, useUpload } from "../store/uploads";
import css from "./pickers.module.css";

type Props = {
  /** Project that gets the files; null: none yet. */
  project: string | null;
  projectName: string;
  /** Choose a folder of the server's machine instead of copying. */
  onChoosePath: () => void;
};

/** The whole page takes dropped folders and files; a dialog shows what becomes of them. */
export function DropZone({ project, projectName, onChoosePath }: Props) {
  const isOver = useDropping();
  return (
    <>
      {isOver ? (
        <div className={css.drop}>
          <div>
            <FolderDown size={44} aria-hidden />
            <h2>Drop it to start</h2>
            <p>A folder of images, a table with its images, an array file or an archive</p>
          </div>
        </div>
      ) : null}
      <UploadDialog project={project} projectName={projectName} onChoosePath={onChoosePath} />
    </>
  );
}

/** Listen to the window, so that no drop ever opens the file in the browser instead. */
function useDropping(): boolean {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth += 1;
      setIsOver(true);
    };
    const over = (event: DragEvent) => hasFiles(event) && event.preventDefault();
    const leave = () => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) setIsOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      depth = 0;
      setIsOver(false);
      takeDrop(event.dataTransfer);
    };
    const all = { dragenter: enter, dragover: over, dragleave: leave, drop } as const;
    for (const [name, listener] of Object.entries(all)) window.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(all)) window.removeEventListener(name, listener as EventListener);
    };
  }, []);
  return isOver;
}

function UploadDialog({ project, projectName, onChoosePath }: Props) {
  const state = useUpload();
  if (state.status === "idle" || state.status === "done") return null;
  const choosePath = () => {
    cancelUpload();
    onChoosePath();
  };
  const noProject = project ? null : "Make a project first; it keeps the copies.";
  return (
    <Modal isOpen title={TITLES[state.status]} onClose={cancelUpload}>
      <div className={css.upload}>
        {state.status === "reading" ? <Busy what={`${formatPlural(state.found, "file")} found so far…`} /> : null}
        {state.status === "asking" ? <Asking plan={state.plan} projectName={projectName} /> : null}
        {state.status === "sending" ? (
          <>
            <Progress share={state.sent / state.plan.files.length} label="Files copied" />
            <p role="status">
              {formatExact(state.sent)} of {formatPlural(state.plan.files.length, "file")} copied into {projectName}
            </p>
            <code>{state.at}</code>
          </>
        ) : null}
        {state.status === "describing" ? <Busy what="Looking at what it holds…" /> : null}
        {state.status === "failed" ? (
          <Notice tone="error">
            <strong>{state.message}</strong>
            {state.hint ? <div>{state.hint}</div> : null}
          </Notice>
        ) : null}
        <div className={css.foot}>
          {state.status === "asking" ? (
            <>
              <Button onClick={choosePath} look={state.plan.isLarge ? "primary" : "plain"}>
                Choose its path instead…
              </Button>
              <Button
                autoFocus
                look={state.plan.isLarge ? "plain" : "primary"}
                whyNot={noProject}
                onClick={() => project && void sendDrop(project, state.plan)}
              >
                Copy {formatPlural(state.plan.files.length, "file")}
              </Button>
            </>
          ) : null}
          {state.status === "failed" && state.plan && !state.plan.refusal && project ? (
            <Button look="primary" onClick={() => state.plan && void sendDrop(project, state.plan)}>
              Try again
            </Button>
          ) : null}
          {state.status === "failed" ? <Button onClick={choosePath}>Choose a folder instead…</Button> : null}
          <Button onClick={cancelUpload}>{state.status === "failed" ? "Close" : "Cancel"}</Button>
        </div>
      </div>
    </Modal>
  );
}

const TITLES = {
  reading: "Reading what was dropped",
  asking: "Copy these files?",
  sending: "Copying",
  describing: "Almost there",
  failed: "This cannot be used",
} as const;

function Asking({ plan, projectName }: { plan: DropPlan; projectName: string }) {
  const left = leftOutWords(plan);
  return (
    <>
      <p>
        <strong>{planWords(plan)}</strong> will be copied into the project {projectName}. A page in a browser cannot see where
        dropped files lie; when they are on this machine, choosing their path copies nothing.
      </p>
      {plan.isLarge ? (
        <Notice tone="warning">
          {formatPlural(plan.files.length, "file")} take long to copy one by one, and their space twice. Choosing the path is
          better here.
        </Notice>
      ) : null}
      {left ? <Notice tone="info">{left}</Notice> : null}
    </>
  );
}
