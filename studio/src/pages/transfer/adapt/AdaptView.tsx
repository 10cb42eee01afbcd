import { useQuery } from "@tanstack/react-query";
import { Combine, FolderPlus, X } from "lucide-react";
import { useState } from "react";

import { Button } from "../../../kit/Button";
import { SelectField, TextField } from "../../../kit/Field";
import { Busy, Empty, Progress } from "../../../kit/small";
import { readNames } from "../../../model/adapting";
import { FilePicker } from "../../../panels/FilePicker";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { askAdaptation, useAdapting } from "../../../store/adapting";
import { docKey, useDoc } from "../../../store/doc";
import { askQuality } from "../../../store/quality";
import { queries } from "../../../store/session";
import type { ViewProps } from "../../FlowViews";
import css from "./adapt.module.css";
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
  const [isPicking, setPicking] = useState(false);
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
        <TextField label="Target" value={target} placeholder="a folder, a table or sample:NAME" onChange={(event) => setTarget(event.target.value)} />
        <Button onClick={() => setPicking(true)}>
          <FolderPlus size={14} aria-hidden /> Choose…
        </Button>
        <SelectField label="Features" value={at} options={[["base", "End of the base"], [STAGE, "A stage…"]]} onChange={(event) => setAt(event.target.value)} />
        {at === STAGE ? <TextField label="Stage" value={stage} placeholder="blocks.3" onChange={(event) => setStage(event.target.value)} /> : null}
        <TextField label="Other class names" value={names} placeholder="target = source, …" onChange={(event) => setNames(event.target.value)} />
        <Button look={found.data ? "plain" : "primary"} whyNot={whyNot} onClick={start}>
          <Combine size={14} aria-hidden /> {found.data ? "Adapt again" : "Adapt"}
        </Button>
      </div>
      {found.isFetching ? <Working project={project} onCancel={() => void queries.cancelQueries({ queryKey: asked.queryKey })} /> : null}
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
      {isPicking ? (
        <FilePicker
          title="Images of the target"
          wanted="images"
          description="They need no labels."
          onChoose={(path) => {
            setPicking(false);
            setTarget(path);
          }}
          onClose={() => setPicking(false)}
        />
      ) : null}
    </div>
  );
}

function Working({ project, onCancel }: { project: string; onCancel: () => void }) {
  const { data: told } = useQuery(askQuality.progress(project, true));
  return (
    <div className={css.working}>
      {told && told.total > 0 ? (
        <Progress share={told.done / told.total} label={`The base looks at the images: ${told.done} of ${told.total}`} />
      ) : (
        <Busy what="Adapting…" />
      )}
      <Button onClick={onCancel}>
        <X size={13} aria-hidden /> Cancel
      </Button>
    </div>
  );
}
