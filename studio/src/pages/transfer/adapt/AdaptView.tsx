import { useQuery } from "@tanstack/react-query";
import { Combine } from "lucide-react";
import { useState } from "react";

import { Button } from "../../../kit/Button";
import { SelectField, TextField } from "../../../kit/Field";
import { Empty } from "../../../kit/small";
import { readNames } from "../../../model/adapting";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { askAdaptation, useAdapting } from "../../../store/adapting";
import { docKey, useDoc } from "../../../store/doc";
import { queries } from "../../../store/session";
import type { ViewProps } from "../../FlowViews";
import css from "../domains.module.css";
import { TargetPicker, Working } from "../TargetPicker";
import { Adapted } from "./Adapted";

const STAGE = "stage";

/** Labelled images of one domain, images without labels of another: what adapting to them gives. */
export default function AdaptView({ project, flow: name }: ViewProps) {
  const key = docKey(project, name);
  const flow = useDoc((state) => state.flow);
  const { questions, put } = useAdapting();
  const question = questions[key] ?? null;
  const asked = askAdaptation(project, question);
  const found = useQuery(asked);
  const [target, setTarget] = useState(question?.target ?? "");
  const [at, setAt] = useState(question?.at ?? "base");
  const [stage, setStage] = useState("");
  const [names, setNames] = useState("");
  const place = at === STAGE ? stage.trim() : at;
  const start = () => {
    put(key, { flow, target: target.trim(), at: place, names: readNames(names) });
    if (found.error) void found.refetch();
  };
  const whyNot = found.isFetching ? "It is being measured." : !target.trim() ? "Name the target's images first." : !place ? "Name the stage." : null;
  return (
    <div className={css.view}>
      <p className={css.about}>
        This flow&apos;s images are the source. Of the target only images are wanted; labels that lie there are used to score, and never reach a method.
      </p>
      <div className={css.line}>
        <TargetPicker target={target} onTarget={setTarget} names={names} onNames={setNames} />
        <SelectField label="Features" value={at} options={[["base", "End of the base"], [STAGE, "A stage…"]]} onChange={(event) => setAt(event.target.value)} />
        {at === STAGE ? <TextField label="Stage" value={stage} placeholder="blocks.3" onChange={(event) => setStage(event.target.value)} /> : null}
        <Button look={found.data ? "plain" : "primary"} whyNot={whyNot} onClick={start}>
          <Combine size={14} aria-hidden /> {found.data ? "Adapt again" : "Adapt"}
        </Button>
      </div>
      {found.isFetching ? <Working project={project} what="Adapting…" onCancel={() => void queries.cancelQueries({ queryKey: asked.queryKey })} /> : null}
      {found.error && !found.isFetching ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.data && question && !found.isFetching ? <Adapted project={project} report={found.data} target={question.target} /> : null}
      {!found.data && !found.error && !found.isFetching ? (
        <Empty icon={<Combine size={24} aria-hidden />} title="Nothing was adapted yet">
          <p>
            Six methods that take seconds stand beside what the source alone gives. Where the target has labels, each gain comes with its interval, and
            harm is named as harm. Methods that train are put into the flow.
          </p>
        </Empty>
      ) : null}
    </div>
  );
}
