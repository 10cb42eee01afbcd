import type { NodeProps } from "@xyflow/react";
import { memo, useEffect, useRef } from "react";

import type { FlowNode, Problem } from "../api/types";
import { componentTile } from "../kit/icons";
import { nodeOf } from "../model/edits";
import { missingInputs } from "../model/wiring";
import { useDoc } from "../store/doc";
import { useView } from "../store/view";
import { useNodeStatus } from "../store/previews";
import { NodeContent } from "./content/NodeContent";
import { NodeFooter } from "./content/NodeFooter";
import css from "./NodeBox.module.css";
import { Port } from "./Port";
import { type CanvasNode, type NodeLook, useLook } from "./shown";
import { Title } from "./Title";

/** A component on the canvas: header, ports, what it does to the data, its shape and time. */
export const NodeBox = memo(function NodeBox({ id, selected }: NodeProps<CanvasNode>) {
  const node = useDoc((state) => nodeOf(state.flow, id));
  const look = useLook(id);
  const status = useNodeStatus(id);
  const state = stateOf(node, look, status);
  const box = useRef<HTMLDivElement>(null);
  useName(box, look.face?.title ?? node?.title ?? id, id, state.label);
  if (!node) return null;
  const title = node.title || look.face?.title || node.component;
  return (
    <div ref={box} className={css.box} data-state={state.name} data-selected={selected} data-group={look.face?.group ?? "unknown"}>
      <header className={css.head}>
        {componentTile(look.face?.group, node.component)}
        <Title id={id} title={title} className={css.title ?? ""} />
        {node.title || id !== node.component ? <span className={css.id}>{id}</span> : null}
        <span className={css.chip} data-state={state.name} title={state.more ?? state.label}>
          <span className={css.light} aria-hidden />
          <span className={css.chipText}>{state.label}</span>
        </span>
      </header>
      <Ports look={look} id={id} />
      {state.name === "problem" || state.name === "needs" ? <ProblemLine node={id} problems={look.problems} /> : null}
      <div className={css.content} data-dim={node.is_bypassed || state.name === "stale" || undefined}>
        <NodeContent node={id} />
      </div>
      <footer className={css.foot}>
        <NodeFooter node={id} />
      </footer>
    </div>
  );
});

function Ports({ look, id }: { look: NodeLook; id: string }) {
  const { inputs = [], outputs = [] } = look.face ?? {};
  const rows = Math.max(inputs.length, outputs.length);
  return (
    <div className={css.ports}>
      {Array.from({ length: rows }, (_, index) => {
        const [input, output] = [inputs[index], outputs[index]];
        return (
          <div key={index} className={css.row}>
            {input ? <Port node={id} port={input} side="input" /> : null}
            {output ? <Port node={id} port={output} side="output" /> : null}
          </div>
        );
      })}
    </div>
  );
}

function ProblemLine({ node, problems }: { node: string; problems: readonly Problem[] }) {
  const focusNode = useView((state) => state.focusNode);
  const setDock = useView((state) => state.setDock);
  const first = problems.find((problem) => problem.level === "error");
  if (!first) return null;
  const show = () => {
    setDock("problems");
    focusNode(node, first.setting ?? null, first.line ?? null);
  };
  return (
    <div className={css.problem}>
      <span className={css.problemText} title={first.hint ?? undefined}>
        {first.message.split("\n")[0]}
      </span>
      <button type="button" className={`${css.details} nodrag`} onClick={show}>
        Show details
      </button>
    </div>
  );
}

type State = { name: string; label: string; more?: string };

/** What a node is up to, by what matters most: bypassed, needs input, a problem, then its preview. */
function stateOf(node: FlowNode | undefined, look: NodeLook, status: { status: string; text: string }): State {
  if (node?.is_bypassed) return { name: "bypassed", label: "Bypassed" };
  const errors = look.problems.filter((problem) => problem.level === "error");
  const missing = missingInputs(look.face);
  const others = errors.filter((problem) => !problem.port || !missing.includes(problem.port));
  if (others[0]) return { name: "problem", label: "Problem", more: others[0].message };
  if (missing.length > 0) return { name: "needs", label: `Needs ${missing.join(", ")}` };
  if (look.problems[0]) return { name: "warning", label: "Warning", more: look.problems[0].message };
  if (status.status === "idle") return { name: "idle", label: "Ready" };
  return { name: status.status, label: status.text || status.status };
}

/** React Flow names the box around this one; its name says the state too. */
function useName(box: React.RefObject<HTMLDivElement | null>, title: string, id: string, state: string): void {
  useEffect(() => {
    box.current?.closest(".react-flow__node")?.setAttribute("aria-label", `${title}, node ${id}, ${state.toLowerCase()}`);
  });
}
