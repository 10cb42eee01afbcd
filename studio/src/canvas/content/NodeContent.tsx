import { type KeyboardEvent, memo } from "react";

import type { FlowNode } from "../../api/types";
import { Busy } from "../../kit/small";
import { nodeOf } from "../../model/edits";
import { holdsBase } from "../../store/cuts";
import { splitKey, useDoc, useOpen } from "../../store/doc";
import { useNodeStatus, usePreview } from "../../store/previews";
import { useView } from "../../store/view";
import css from "./content.module.css";
import { ImagesSummary } from "./ImagesSummary";
import { OpenedBase } from "./OpenedBase";
import { PreviewProblem } from "./PreviewProblem";
import { PreviewTiles } from "./PreviewTiles";

/** What is inside a node: the opened base, and its output on a few samples. */
export const NodeContent = memo(function NodeContent({ node }: { node: string | FlowNode }) {
  const id = typeof node === "string" ? node : node.id;
  const found = useDoc((state) => nodeOf(state.flow, id));
  const project = useOpen((state) => (state.active ? splitKey(state.active).project : ""));
  const areOn = useView((state) => state.arePreviewsOn);
  if (!found) return null;
  return (
    <div className={css.content} onKeyDown={keepOwnKeys}>
      {holdsBase(found) && !found.is_bypassed ? <OpenedBase node={id} /> : null}
      {areOn ? <Output project={project} id={id} isBackbone={found.component === "backbone"} /> : null}
      {found.component === "images" && areOn ? <ImagesSummary project={project} node={found} /> : null}
    </div>
  );
});

/** Enter and Space on a button inside a node press that button, and nothing of the canvas. */
function keepOwnKeys(event: KeyboardEvent): void {
  const isPress = event.key === "Enter" || event.key === " ";
  if (isPress && (event.target as HTMLElement).closest("button, summary")) event.stopPropagation();
}

function Output({ project, id, isBackbone }: { project: string; id: string; isBackbone: boolean }) {
  const { document, error } = usePreview(id);
  const { status, text } = useNodeStatus(id);
  // Problems that the check finds stand in the node's head already; a base that is not there says so itself.
  const isSaid = error?.isProblem || status === "waiting" || (isBackbone && status === "not-loaded");
  const isOld = status !== "done" && status !== "cached";
  return (
    <>
      {error && !isSaid ? <PreviewProblem node={id} error={error} isNotLoaded={status === "not-loaded"} /> : null}
      {document ? <PreviewTiles project={project} node={id} document={document} isOld={isOld} /> : null}
      {!document && !error ? <div className={css.empty}>{status === "running" ? <Busy what="Computing…" /> : text || "No preview yet"}</div> : null}
    </>
  );
}
