import { useQuery } from "@tanstack/react-query";
import { Compass, X } from "lucide-react";
import { useState } from "react";

import { Button } from "../../../kit/Button";
import { Busy, Empty, Progress } from "../../../kit/small";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { askAdvice, useAsked } from "../../../store/advice";
import { docKey, useDoc } from "../../../store/doc";
import { askQuality } from "../../../store/quality";
import { queries } from "../../../store/session";
import type { ViewProps } from "../../FlowViews";
import { Advised } from "./Advised";
import css from "./advice.module.css";

/** How much of the base to retrain: asked for, measured, and told with its reasons. */
export default function AdviceView({ project, flow: name }: ViewProps) {
  const at = docKey(project, name);
  const flow = useDoc((state) => state.flow);
  const { questions, put } = useAsked();
  const question = questions[at] ?? null;
  const asked = askAdvice(project, question);
  const found = useQuery(asked);
  const [trainedOn, setTrainedOn] = useState("");
  const ask = () => {
    put(at, { flow, trainedOn: trainedOn.trim() || null });
    if (found.error) void found.refetch();
  };
  return (
    <div className={css.view}>
      <div className={css.line}>
        <p className={css.about}>
          Few or many images, similar to what the base was trained on or different: from both follows how much of the base to retrain. Everybody
          prints that table; here both sides are measured on your images.
        </p>
        <label className={css.field}>
          The base was trained on
          <input
            value={trainedOn}
            placeholder="a folder, or a run – if you have it"
            onChange={(event) => setTrainedOn(event.target.value)}
          />
        </label>
        <Button look={found.data ? "plain" : "primary"} whyNot={found.isFetching ? "It is being measured." : null} onClick={ask}>
          <Compass size={14} aria-hidden /> {found.data ? "Advise me again" : "Advise me"}
        </Button>
      </div>
      {found.isFetching ? <Working project={project} onCancel={() => void queries.cancelQueries({ queryKey: asked.queryKey })} /> : null}
      {found.error && !found.isFetching ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.data && !found.isFetching ? <Advised advice={found.data} /> : null}
      {!found.data && !found.error && !found.isFetching ? (
        <Empty icon={<Compass size={24} aria-hidden />} title="Nothing was measured yet">
          <p>The base looks at the training and validation images once, and so does a twin of it with random weights. What they see is kept for training.</p>
        </Empty>
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
        <Busy what="Measuring size and similarity…" />
      )}
      <Button onClick={onCancel}>
        <X size={13} aria-hidden /> Cancel
      </Button>
    </div>
  );
}
