import { useMemo, useState } from "react";

import type { RunCard, RunRecord } from "../../api/types";
import { SelectField } from "../../kit/Field";
import type { PredictionQuestion } from "../../model/confusion";
import { PredictionGrid } from "../../panels/dock/PredictionGrid";
import { PlacesGrid } from "./inside/PlacesView";
import css from "./run.module.css";

/** All validation and test images with what the run said of them. */
export default function PredictionsTab({ project, card, record }: { project: string; card: RunCard; record: RunRecord }) {
  const splits = (["test", "validation"] as const).filter((one) => record.metrics[one]);
  const kind = Object.values(record.metrics)[0]?.kind ?? "category";
  const hasClasses = kind === "category" || kind === "tags";
  const [question, setQuestion] = useState<PredictionQuestion>({
    split: splits[0] ?? "test",
    only: hasClasses ? "wrong" : "all",
    sort: kind === "anomaly" ? "confidence" : "loss",
    descending: true,
  });
  const classes = useMemo(() => record.data?.classes ?? [], [record.data]);
  if (kind === "mask") return <PlacesGrid project={project} run={card.id} record={record} />;
  const set = (changes: Partial<PredictionQuestion>) => setQuestion((before) => ({ ...before, ...changes }));
  const pick = (name: "label" | "predicted", value: string) =>
    setQuestion((before) => {
      const { [name]: _old, ...others } = before;
      return value ? { ...others, [name]: value } : others;
    });
  const names: [string, string][] = [["", "Any"], ...classes.map((name): [string, string] => [name, name])];
  return (
    <div className={css.predictions}>
      <div className={css.filters}>
        <SelectField label="Split" value={question.split} onChange={(event) => set({ split: event.target.value as "test" })} options={splits.map((one) => [one, one === "test" ? "Test" : "Validation"])} />
        {hasClasses ? (
          <>
            <SelectField label="Label" value={question.label ?? ""} onChange={(event) => pick("label", event.target.value)} options={names} />
            <SelectField label="Predicted" value={question.predicted ?? ""} onChange={(event) => pick("predicted", event.target.value)} options={names} />
            <SelectField label="Show" value={question.only} onChange={(event) => set({ only: event.target.value as "all" })} options={[["all", "All"], ["wrong", "Wrong ones"], ["right", "Right ones"]]} />
          </>
        ) : null}
        <SelectField
          label="Order"
          value={`${question.sort}-${question.descending}`}
          onChange={(event) => {
            const [sort, down] = event.target.value.split("-");
            set({ sort: sort as "loss", descending: down === "true" });
          }}
          options={[
            ["loss-true", "Largest loss first"],
            ["loss-false", "Smallest loss first"],
            ["confidence-true", kind === "anomaly" ? "Oddest first" : "Surest first"],
            ["confidence-false", kind === "anomaly" ? "Most normal first" : "Least sure first"],
            ["key-false", "By name"],
          ]}
        />
      </div>
      <PredictionGrid key={JSON.stringify(question)} project={project} card={card} classes={kind === "category" ? classes : []} question={question} />
    </div>
  );
}
