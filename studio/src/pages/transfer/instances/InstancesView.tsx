import { useQuery } from "@tanstack/react-query";
import { Scale } from "lucide-react";
import { useState } from "react";

import type { WeighingFile } from "../../../api/types";
import { Histogram } from "../../../charts/Histogram";
import { Button } from "../../../kit/Button";
import { SelectField } from "../../../kit/Field";
import { Badge, Empty, Notice } from "../../../kit/small";
import table from "../../../kit/table.module.css";
import { gainWords, readNames } from "../../../model/adapting";
import { formatPercent } from "../../../model/format";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { docKey, useDoc } from "../../../store/doc";
import { queries } from "../../../store/session";
import { type WeighMethod, askWeights, trainWith, useWeighing } from "../../../store/weighing";
import { Thumbnail } from "../../data/Thumbnail";
import type { ViewProps } from "../../FlowViews";
import { Card } from "../../run/Card";
import css from "../domains.module.css";
import { TargetPicker, Working } from "../TargetPicker";

const METHODS: readonly (readonly [WeighMethod, string])[] = [
  ["domain_classifier", "Domain classifier"],
  ["kmm", "Kernel mean matching"],
  ["rulsif", "RuLSIF"],
  ["ulsif", "uLSIF"],
  ["kliep", "KLIEP"],
  ["select", "Select the nearest fifth"],
  ["tradaboost", "TrAdaBoost, wants labels of the target"],
];
const BARS = 24;
const SHOWN = 12;

/** How much each of the flow's images counts for a target. */
export default function InstancesView({ project, flow: name }: ViewProps) {
  const key = docKey(project, name);
  const flow = useDoc((state) => state.flow);
  const { questions, put } = useWeighing();
  const question = questions[key] ?? null;
  const asked = askWeights(project, question);
  const found = useQuery(asked);
  const [target, setTarget] = useState(question?.target ?? "");
  const [method, setMethod] = useState<WeighMethod>(question?.method ?? "domain_classifier");
  const [names, setNames] = useState("");
  const start = () => {
    put(key, { flow, target: target.trim(), method, names: readNames(names) });
    if (found.error) void found.refetch();
  };
  const whyNot = found.isFetching ? "It is being measured." : !target.trim() ? "Name the target's images first." : null;
  return (
    <div className={css.view}>
      <p className={css.about}>This flow&apos;s training images are the source: those that look like the target can count more. Weights are taken on features of the base.</p>
      <div className={css.line}>
        <TargetPicker target={target} onTarget={setTarget} names={names} onNames={setNames} />
        <SelectField label="Method" value={method} options={METHODS} onChange={(event) => setMethod(event.target.value as WeighMethod)} />
        <Button look={found.data ? "plain" : "primary"} whyNot={whyNot} onClick={start}>
          <Scale size={14} aria-hidden /> {found.data ? "Weigh again" : "Weigh"}
        </Button>
      </div>
      {found.isFetching ? <Working project={project} what="Weighing…" onCancel={() => void queries.cancelQueries({ queryKey: asked.queryKey })} /> : null}
      {found.error && !found.isFetching ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.data && !found.isFetching ? <Weighed project={project} made={found.data} now={flow.recipe.image_weights ?? null} /> : null}
      {!found.data && !found.error && !found.isFetching ? (
        <Empty icon={<Scale size={24} aria-hidden />} title="Nothing was weighed yet">
          <p>The heaviest and the lightest images are shown, how many equal ones they count like, and what they can be trained with at a click.</p>
        </Empty>
      ) : null}
    </div>
  );
}

type WeighedProps = { project: string; made: WeighingFile; now: string | null };

function Weighed({ project, made, now }: WeighedProps) {
  const { report, file } = made;
  const weights = report.images.map(({ weight }) => weight);
  const high = Math.max(1, ...weights);
  const counts = Array.from({ length: BARS }, () => 0);
  for (const weight of weights) counts[Math.min(BARS - 1, Math.floor((weight / high) * BARS))]! += 1;
  const isUsed = now === file;
  return (
    <>
      <Card
        title="Weights"
        aside={
          <Button look={isUsed ? "plain" : "primary"} onClick={() => trainWith(isUsed ? null : file)}>
            {isUsed ? "Train with all images alike" : "Train with these weights"}
          </Button>
        }
      >
        <p>{report.words}</p>
        {(report.notes ?? []).map((note) => (
          <Notice key={note} tone="info">
            {note}
          </Notice>
        ))}
        <Histogram title="weight" counts={counts} low={0} high={high} />
      </Card>
      <Strip project={project} report={report} title="Heaviest" images={report.images.slice(0, SHOWN)} />
      <Strip project={project} report={report} title="Lightest" images={report.images.slice(-SHOWN).reverse()} />
      {report.boosted?.length ? <Boosted report={report} /> : null}
    </>
  );
}

function Strip({ project, report, title, images }: { project: string; report: WeighingFile["report"]; title: string; images: WeighingFile["report"]["images"] }) {
  return (
    <Card title={title}>
      <ul className={css.strip} aria-label={`${title} images`}>
        {images.map((image) => (
          <li key={image.key} title={`${image.key}: ${image.weight.toFixed(3)}`}>
            <Thumbnail project={project} settings={{ source: report.source }} row={image} pixels={104} alt={image.key} />
            {image.weight.toFixed(2)} · {image.label ?? "no label"}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Boosted({ report }: { report: WeighingFile["report"] }) {
  return (
    <Card title="On labelled target images that nothing learned from">
      <table className={table.table} aria-label="TrAdaBoost beside its controls">
        <thead>
          <tr>
            <th scope="col">Learned from</th>
            <th scope="col">Balanced accuracy</th>
            <th scope="col">Against the target alone, points</th>
          </tr>
        </thead>
        <tbody>
          {(report.boosted ?? []).map((score) => (
            <tr key={score.name}>
              <th scope="row">{score.name}</th>
              <td>{formatPercent(score.accuracy.value)}</td>
              <td>
                {gainWords(score.gain)} {score.verdict === "harmful" ? <Badge tone="error">harmful</Badge> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
