import { useQuery } from "@tanstack/react-query";
import { Copy } from "lucide-react";

import { api, must } from "../api/client";
import type { Flow, FlowNode, NodeCode } from "../api/types";
import { Button } from "../kit/Button";
import { Busy, Notice } from "../kit/small";
import { nodeText } from "../model/node_text";
import { formatExact } from "../model/format";
import { emptyFlow, splitKey, useDoc, useOpen } from "../store/doc";
import { say, sayError } from "../store/toast";
import { LazyEditor } from "./LazyEditor";
import { RefusalNotice } from "./RefusalNotice";
import { TrustNotice } from "./TrustNotice";
import { planKey } from "./inspector/usePlan";
import css from "./inspector/inspector.module.css";

/** A node as code, to be read: the component's Python, the built module, its lines in the flow file. */
export function CodePanel({ node }: { node: FlowNode }) {
  const active = useOpen((state) => state.active);
  const flow = useDoc((state) => state.flow);
  const project = active ? splitKey(active).project : "";
  const code = useQuery({
    queryKey: ["code", project, node.id, planKey(flow)],
    queryFn: ({ signal }) => askCode(project, node.id, flow, signal),
    staleTime: Infinity,
    retry: false,
    placeholderData: (before) => (before?.node === node.id ? before : undefined),
  });
  return (
    <>
      {code.isPending ? <Busy what="Reading the code…" /> : null}
      <TrustNotice project={project} isWanted={node.component === "custom"} />
      {code.error ? <RefusalNotice error={code.error} onRetry={() => void code.refetch()} /> : null}
      {code.data ? <Code code={code.data} /> : null}
      <NodeYaml project={project} node={node} />
    </>
  );
}

const askCode = (project: string, node: string, flow: Flow, signal: AbortSignal): Promise<NodeCode> => {
  const params = { path: { project, node } };
  return must(api.POST("/api/projects/{project}/nodes/{node}/code", { params, body: { flow }, signal }));
};

function Code({ code }: { code: NodeCode }) {
  return (
    <>
      <section className={css.section} aria-label="Source">
        <Head title="Source" text={code.source} aside={code.source_file} />
        {code.source ? (
          <LazyEditor height={300} language="python" text={code.source} readOnly label={`Source of ${code.component}, read only`} />
        ) : (
          <p className={css.text}>{code.component === "custom" ? "There is no code yet. It is written under Settings." : "There is no code of its own."}</p>
        )}
      </section>
      <section className={css.section} aria-label="Module">
        <Head
          title="Built module"
          text={code.module}
          aside={code.parameters ? `${formatExact(code.parameters)} parameters` : ""}
        />
        {code.problem ? <Notice tone="warning">{code.problem}</Notice> : null}
        {code.module ? (
          <pre className={css.pre} tabIndex={0} aria-label="Built module">
            {code.module}
          </pre>
        ) : code.problem ? null : (
          <p className={css.text}>Data builds no module.</p>
        )}
      </section>
    </>
  );
}

function NodeYaml({ project, node }: { project: string; node: FlowNode }) {
  const text = useQuery({
    queryKey: ["node-text", project, node],
    queryFn: async ({ signal }) => {
      const params = { path: { project } };
      const flow: Flow = { ...emptyFlow(), name: "flow", nodes: [node] };
      const answer = await must(api.POST("/api/projects/{project}/flow-text", { params, body: { flow }, signal }));
      return nodeText(answer["text"] ?? "");
    },
    placeholderData: (before) => before,
    retry: false,
  });
  return (
    <section className={css.section} aria-label="In the flow file">
      <Head title="In the flow file" text={text.data ?? ""} aside="YAML" />
      {text.error ? <RefusalNotice error={text.error} onRetry={() => void text.refetch()} /> : null}
      {text.data ? <LazyEditor height={180} language="yaml" text={text.data} readOnly label={`YAML of ${node.id}, read only`} /> : null}
    </section>
  );
}

function Head({ title, text, aside }: { title: string; text: string; aside: string }) {
  const copy = () => {
    navigator.clipboard.writeText(text).then(() => say(`${title} copied`), sayError);
  };
  return (
    <div className={css.sectionHead}>
      <h3>{title}</h3>
      <span className={css.text} style={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
        {aside}
      </span>
      <Button look="ghost" onClick={copy} whyNot={text ? null : "There is nothing to copy."} aria-label={`Copy ${title.toLowerCase()}`}>
        <Copy size={14} aria-hidden /> Copy
      </Button>
    </div>
  );
}
