import { useMutation, useQuery } from "@tanstack/react-query";
import { Play } from "lucide-react";

import type { TemplateCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { Badge, Busy } from "../../kit/small";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { ask } from "../../store/session";
import { sayError } from "../../store/toast";
import { makeAndOpen, makeAndRun, wantsData, wantsRun } from "./making";
import css from "./start.module.css";

type Props = {
  project: string | null;
  onNeedProject: () => void;
  /** A template wants images, or a run. */
  onWantData: (template: TemplateCard) => void;
  onWantRun: (template: TemplateCard) => void;
};

/** Flows to start from, those first that run as they are. */
export function Templates(props: Props) {
  const templates = useQuery(ask.templates());
  if (templates.error) return <RefusalNotice error={templates.error} onRetry={() => void templates.refetch()} />;
  if (!templates.data) return <Busy what="Listing the templates…" />;
  const sorted = [...templates.data].sort((a, b) => Number(b.is_ready) - Number(a.is_ready));
  return (
    <ul className={css.templates}>
      {sorted.map((template) => (
        <Template key={template.name} template={template} {...props} />
      ))}
    </ul>
  );
}

function Template({ template, project, onNeedProject, onWantData, onWantRun }: Props & { template: TemplateCard }) {
  const run = useMutation({ mutationFn: (id: string) => makeAndRun(id, template), onError: sayError });
  const open = useMutation({ mutationFn: (id: string) => makeAndOpen(id, { template: template.name }), onError: sayError });
  const busy = run.isPending || open.isPending ? "It is being made." : null;
  const withProject = (act: (id: string) => void) => () => (project ? act(project) : onNeedProject());
  return (
    <li className={css.template}>
      <Chain components={template.components} />
      <h3>{template.title}</h3>
      <p title={template.description}>{template.description}</p>
      <div className={css.templateFoot}>
        {template.is_ready ? (
          <Button look="primary" whyNot={busy} tip="Runs on embedded images" onClick={withProject((id) => run.mutate(id))}>
            <Play size={13} aria-hidden /> Run
          </Button>
        ) : null}
        {wantsData(template) ? (
          <Button whyNot={busy} onClick={withProject(() => onWantData(template))}>
            Choose images…
          </Button>
        ) : null}
        {wantsRun(template) ? (
          <Button whyNot={busy} onClick={withProject(() => onWantRun(template))}>
            Choose a run…
          </Button>
        ) : null}
        <Button look="ghost" whyNot={busy} onClick={withProject((id) => open.mutate(id))}>
          Open
        </Button>
        <span className={css.templateState}>
          {template.is_ready ? <Badge tone="ok">Ready to run</Badge> : <Badge title={template.wants ?? ""}>{wantsRun(template) ? "Wants a run" : "Wants images"}</Badge>}
        </span>
      </div>
    </li>
  );
}

/** The components of a flow in a row, as it goes through them. */
function Chain({ components }: { components: readonly string[] }) {
  const shown = components.slice(0, components.length > 5 ? 4 : 5);
  return (
    <div className={css.chain} aria-label={`Components: ${components.join(", ")}`} role="img">
      {shown.map((component, index) => (
        <span key={index} data-part={partOf(component)}>
          {component.replaceAll("_", " ")}
        </span>
      ))}
      {components.length > shown.length ? <em>+{components.length - shown.length}</em> : null}
    </div>
  );
}

function partOf(component: string): string {
  if (component === "images") return "images";
  if (component === "backbone") return "base";
  if (component === "custom") return "custom";
  return ["classification", "binary", "multi_label", "tags", "regression", "segmentation", "anomaly"].includes(component) ? "objective" : "layer";
}
