import { useQuery } from "@tanstack/react-query";
import { Ruler } from "lucide-react";
import { useState } from "react";

import { Button } from "../../../kit/Button";
import { Empty } from "../../../kit/small";
import { readNames } from "../../../model/adapting";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { askGap, useGaps } from "../../../store/adapting";
import { docKey, useDoc } from "../../../store/doc";
import { queries } from "../../../store/session";
import type { ViewProps } from "../../FlowViews";
import css from "../domains.module.css";
import { TargetPicker, Working } from "../TargetPicker";
import { Measured } from "./Measured";

/** How far the flow's images and others are apart, in which way, and what suits. */
export default function GapView({ project, flow: name }: ViewProps) {
  const key = docKey(project, name);
  const flow = useDoc((state) => state.flow);
  const { questions, put } = useGaps();
  const question = questions[key] ?? null;
  const asked = askGap(project, question);
  const found = useQuery(asked);
  const [target, setTarget] = useState(question?.target ?? "");
  const [names, setNames] = useState("");
  const start = () => {
    put(key, { flow, target: target.trim(), names: readNames(names) });
    if (found.error) void found.refetch();
  };
  const whyNot = found.isFetching ? "It is being measured." : !target.trim() ? "Name the target's images first." : null;
  return (
    <div className={css.view}>
      <p className={css.about}>
        This flow&apos;s images are the source. At most 500 images of each domain pass through the base once. The target needs no labels; with them more can be
        said.
      </p>
      <div className={css.line}>
        <TargetPicker target={target} onTarget={setTarget} names={names} onNames={setNames} />
        <Button look={found.data ? "plain" : "primary"} whyNot={whyNot} onClick={start}>
          <Ruler size={14} aria-hidden /> {found.data ? "Measure again" : "Measure the gap"}
        </Button>
      </div>
      {found.isFetching ? <Working project={project} what="Measuring the gap…" onCancel={() => void queries.cancelQueries({ queryKey: asked.queryKey })} /> : null}
      {found.error && !found.isFetching ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.data && !found.isFetching ? <Measured project={project} gap={found.data} /> : null}
      {!found.data && !found.error && !found.isFetching ? (
        <Empty icon={<Ruler size={24} aria-hidden />} title="Nothing was measured yet">
          <p>Distances at each stage beside what chance gives, batch-norm statistics by layer, images most and least like the other domain, and the kind of shift.</p>
        </Empty>
      ) : null}
    </div>
  );
}
