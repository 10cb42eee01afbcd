import { CircleOff, Trash2 } from "lucide-react";

import type { ComponentCard, FlowNode } from "../../api/types";
import { rename, toggleBypass } from "../../canvas/acts";
import { IconButton } from "../../kit/Button";
import { componentTile } from "../../kit/icons";
import { Badge } from "../../kit/small";
import { removeNodes } from "../../model/edits";
import { useCheck } from "../../store/checking";
import { keysOf } from "../../store/commands";
import { edit } from "../../store/doc";
import { useView } from "../../store/view";
import { useDraft } from "../form/useDraft";
import { NodeDocs } from "./NodeDocs";
import css from "./inspector.module.css";

/** Title, id and component of a node, in use or bypassed, and what it is for. */
export function NodeHeader({ node, card }: { node: FlowNode; card: ComponentCard | undefined }) {
  const { faces, problems } = useCheck();
  const face = faces[node.id];
  const errors = problems.filter((problem) => problem.node === node.id && problem.level === "error");
  const component = card?.title ?? node.component;
  const remove = () => {
    edit(`Delete ${face?.title ?? node.id}`, (flow) => removeNodes(flow, [node.id]));
    useView.getState().select([]);
  };
  return (
    <header className={css.header} data-node={node.id}>
      <div className={css.titleRow}>
        {componentTile(face?.group ?? card?.group, node.component, 30)}
        <Title node={node} usual={component} />
        <IconButton
          label={node.is_bypassed ? "Use again" : "Bypass"}
          keys={keysOf("bypass")}
          aria-pressed={node.is_bypassed}
          whyNot={node.is_bypassed ? null : face?.why_not_bypassed ? `It cannot be bypassed: it ${face.why_not_bypassed}` : null}
          onClick={() => toggleBypass([node.id])}
        >
          <CircleOff size={16} />
        </IconButton>
        <IconButton label="Delete" keys={keysOf("delete")} onClick={remove}>
          <Trash2 size={16} />
        </IconButton>
      </div>
      <div className={css.meta}>
        <code title="Id of the node, as the flow file and the command line name it">{node.id}</code>
        <span>{component}</span>
        {node.is_bypassed ? <Badge tone="warning">Bypassed</Badge> : null}
        {errors.length ? <Badge tone="error">{errors.length === 1 ? "1 error" : `${errors.length} errors`}</Badge> : null}
      </div>
      {face?.summary ? <p className={css.text}>{face.summary}</p> : null}
      {card ? <NodeDocs node={node.id} card={card} /> : null}
    </header>
  );
}

function Title({ node, usual }: { node: FlowNode; usual: string }) {
  const draft = useDraft(node.title);
  const commit = () => {
    if (draft.text.trim() !== node.title) rename(node.id, draft.text);
  };
  return (
    <input
      className={css.title}
      aria-label="Title of the node"
      value={draft.text}
      placeholder={usual}
      onChange={(event) => draft.setText(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape" && draft.text !== node.title) {
          event.stopPropagation();
          draft.restore();
        }
      }}
    />
  );
}
