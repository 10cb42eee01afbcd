import { useQuery } from "@tanstack/react-query";
import { Tags } from "lucide-react";
import { useState } from "react";

import { Button } from "../../../kit/Button";
import { Empty } from "../../../kit/small";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { docKey, useDoc } from "../../../store/doc";
import { queries } from "../../../store/session";
import { askLabels, useLabels } from "../../../store/weighing";
import type { ViewProps } from "../../FlowViews";
import css from "../domains.module.css";
import { TargetPicker, Working } from "../TargetPicker";
import { Passed } from "./Passed";

/** Labels for images that have none, passed on from the flow's own. */
export default function LabelsView({ project, flow: name }: ViewProps) {
  const key = docKey(project, name);
  const flow = useDoc((state) => state.flow);
  const { questions, put } = useLabels();
  const question = questions[key] ?? null;
  const asked = askLabels(project, question);
  const found = useQuery(asked);
  const [target, setTarget] = useState(question?.target ?? "");
  const start = () => {
    put(key, { flow, target: target.trim() });
    if (found.error) void found.refetch();
  };
  const whyNot = found.isFetching ? "It is being measured." : !target.trim() ? "Name the images without labels first." : null;
  return (
    <div className={css.view}>
      <p className={css.about}>This flow&apos;s images pass their labels on to near ones. What a confidence is worth is measured by hiding labels that are known.</p>
      <div className={css.line}>
        <TargetPicker target={target} onTarget={setTarget} />
        <Button look={found.data ? "plain" : "primary"} whyNot={whyNot} onClick={start}>
          <Tags size={14} aria-hidden /> {found.data ? "Pass on again" : "Pass labels on"}
        </Button>
      </div>
      {found.isFetching ? <Working project={project} what="Passing labels on…" onCancel={() => void queries.cancelQueries({ queryKey: asked.queryKey })} /> : null}
      {found.error && !found.isFetching ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.data && question && !found.isFetching ? <Passed key={question.target} project={project} question={question} found={found.data} /> : null}
      {!found.data && !found.error && !found.isFetching ? (
        <Empty icon={<Tags size={24} aria-hidden />} title="No label was passed on yet">
          <p>Proposed labels come surest first. Accept those above a confidence at once, take single ones out, and make a flow that trains with them.</p>
        </Empty>
      ) : null}
    </div>
  );
}
