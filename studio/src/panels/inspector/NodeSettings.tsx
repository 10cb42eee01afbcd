import { Suspense, useCallback, useMemo, useRef } from "react";

import type { ComponentCard, FlowNode } from "../../api/types";
import { lazily } from "../../kit/lazily";
import { Busy } from "../../kit/small";
import { setSettings } from "../../model/edits";
import { type Field, editWords, fieldsOf } from "../../model/form";
import { useCheck } from "../../store/checking";
import { edit } from "../../store/doc";
import { FreezePanel } from "../FreezePanel";
import { ApplyAll } from "../Proposals";
import { SettingsForm } from "../SettingsForm";
import { useFocusedSetting } from "../form/useFocusedSetting";
import { useExtras } from "./useExtras";
import css from "./inspector.module.css";

const CustomEditor = lazily(() => import("../CustomEditor").then((module) => ({ default: module.CustomEditor })));

/** Settings that the freeze panel shows as a picture; as text they are at hand below it. */
const IN_FREEZE_PANEL = [
  "cut", "only_stages", "moving", "lora_rank", "lora_alpha", "lora_layers", "batch_norm", "last_stage", "freeze", "unfreeze",
];

/** The settings of a node, with the editors that some of them have of their own. */
export function NodeSettings({ node, card }: { node: FlowNode; card: ComponentCard }) {
  const root = useRef<HTMLDivElement>(null);
  const { problems, proposals } = useCheck();
  const fields = useMemo(() => fieldsOf(card.settings_schema), [card]);
  const own = useMemo(() => problems.filter((problem) => problem.node === node.id), [problems, node.id]);
  const suggested = useMemo(() => proposals.filter((proposal) => proposal.node === node.id), [proposals, node.id]);
  const owner = node.title || node.id;
  const onSet = useCallback(
    (name: string, value: unknown) => edit(editWords(name, owner, value), (flow) => setSettings(flow, node.id, { [name]: value })),
    [node.id, owner],
  );
  const { extras, dialog } = useExtras(node);
  useFocusedSetting(root, node.id);
  const holds = node.component === "backbone" || node.component === "custom";
  const { plain, aside } = split(fields, holds);
  const general = own.filter((problem) => !problem.setting || !fields.some((field) => field.name === problem.setting));
  const shared = { values: node.settings, problems: own, proposals: suggested, extras, onSet };
  return (
    <div ref={root} className={css.section} style={{ gap: 16 }}>
      {general.map((problem) => (
        <p key={problem.message} style={{ color: problem.level === "error" ? "var(--error)" : "var(--warning)" }}>
          {problem.port ? `Port ${problem.port}: ` : ""}
          {problem.message} {problem.hint}
        </p>
      ))}
      <ApplyAll proposals={suggested} />
      {node.component === "custom" ? (
        <Suspense fallback={<Busy what="Opening the editor…" />}>
          <CustomEditor node={node} />
        </Suspense>
      ) : null}
      {holds ? <FreezePanel node={node.id} /> : null}
      {plain.length ? <SettingsForm fields={plain} {...shared} /> : null}
      {aside.length ? (
        <details className={css.details} data-aside>
          <summary>Freezing as text</summary>
          <SettingsForm fields={aside} {...shared} />
        </details>
      ) : null}
      {fields.length === 0 ? <p className={css.text}>There is nothing to set.</p> : null}
      {dialog}
    </div>
  );
}

function split(fields: readonly Field[], holds: boolean): { plain: Field[]; aside: Field[] } {
  const shown = fields.filter((field) => field.name !== "code");
  const isAside = (field: Field) => holds && IN_FREEZE_PANEL.includes(field.name);
  return { plain: shown.filter((field) => !isAside(field)), aside: shown.filter(isAside) };
}
