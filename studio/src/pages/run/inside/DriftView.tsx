import type { DriftReport, PartDrift } from "../../../api/types";
import { type Bar, Bars } from "../../../charts/Bars";
import { HELD_WORDS, HeldIcon } from "../../../canvas/content/HeldIcon";
import { Busy, Notice } from "../../../kit/small";
import type { Held } from "../../../model/boundary";
import { ckaText } from "../../../model/depth";
import { formatExact, formatNumber, formatPercent, formatPlural } from "../../../model/format";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { useDrift } from "../../../store/depth";
import { Card } from "../Card";
import run from "../run.module.css";
import css from "./depth.module.css";
import type { InsideProps } from "./views";

const HELD: Record<PartDrift["state"], Held> = { frozen: "frozen", trainable: "trainable", partly: "partly", no_parameters: "empty" };

/** What training moved: weights, features and batch-norm statistics of each stage. */
export default function DriftView({ project, view }: InsideProps) {
  const found = useDrift(project, view.card.id);
  const report = found.data;
  return (
    <div className={css.view}>
      <p className={css.about}>How far training took each part of the network away from where it started. What is frozen does not move at all.</p>
      {found.error ? <RefusalNotice error={found.error} onRetry={() => void found.refetch()} /> : null}
      {!report && !found.error ? <Busy what="Comparing the network before and after…" /> : null}
      {report ? <Report report={report} /> : null}
    </div>
  );
}

function Report({ report }: { report: DriftReport }) {
  const stages = report.parts.filter((part) => part.role === "base");
  const norms = stages.filter((part) => part.batch_norm);
  return (
    <>
      {report.notes.map((note) => (
        <Notice key={note} tone="warning">
          {note}
        </Notice>
      ))}
      <div className={css.charts}>
        <Card title="Weights moved">
          <p className={run.quiet}>Length of their way over their length at the start; log scale.</p>
          <Bars title="Weights moved" isLog bars={report.parts.filter((part) => part.num_parameters > 0).map(weightBar)} empty="No part has weights." />
        </Card>
        <Card title="Features changed">
          <p className={run.quiet}>
            1 − CKA of {formatPlural(report.num_images, `${report.split} image`)}: 0 is the same features, up to turning and scaling.
          </p>
          <Bars title="Features changed" most={1} bars={stages.filter((part) => part.cka).map(featureBar)} empty="No stage could be compared." />
        </Card>
        {norms.length ? (
          <Card title="Batch-norm statistics shifted">
            <p className={run.quiet}>Mean over the channels, in standard deviations of before; log scale.</p>
            <Bars title="Batch-norm statistics shifted" isLog bars={norms.map(normBar)} />
          </Card>
        ) : null}
      </div>
      <Table report={report} hasNorms={norms.length > 0} />
    </>
  );
}

const label = (part: PartDrift) => (
  <span className={css.held} data-held={HELD[part.state]}>
    <HeldIcon held={HELD[part.state]} size={12} />
    {part.name}
  </span>
);

const COLORS: Record<PartDrift["state"], string> = { frozen: "--frozen", trainable: "--trainable", partly: "--trainable", no_parameters: "--text3" };

const color = (part: PartDrift): string => COLORS[part.state];

const weightBar = (part: PartDrift): Bar => ({
  key: part.name,
  label: label(part),
  value: part.movement ?? 0,
  color: color(part),
  text: part.moved_tensors === 0 ? "unmoved" : part.movement === null ? "no measure" : formatPercent(part.movement, 2),
});

const featureBar = (part: PartDrift): Bar => {
  const gap = 1 - (part.cka?.value ?? 1);
  return { key: part.name, label: label(part), value: gap, color: color(part), text: gap === 0 ? "the same" : formatNumber(gap) };
};

const normBar = (part: PartDrift): Bar => {
  const shift = part.batch_norm?.mean_shift ?? 0;
  return { key: part.name, label: label(part), value: shift, color: color(part), text: shift === 0 ? "unmoved" : formatNumber(shift) };
};

function Table({ report, hasNorms }: { report: DriftReport; hasNorms: boolean }) {
  return (
    <table className={run.table}>
      <caption>What moved, part by part, from input to output. The interval of CKA covers 95 %.</caption>
      <thead>
        <tr>
          <th scope="col">Part</th>
          <th scope="col">State</th>
          <th scope="col">Parameters</th>
          <th scope="col">Tensors moved</th>
          <th scope="col">Weights moved</th>
          <th scope="col">CKA</th>
          {hasNorms ? <th scope="col">Batch-norm mean</th> : null}
          {hasNorms ? <th scope="col">Batch-norm ln variance</th> : null}
        </tr>
      </thead>
      <tbody>
        {report.parts.map((part) => (
          <tr key={`${part.role} ${part.name}`}>
            <th scope="row">{part.role === "base" ? part.name : `${part.name} (new)`}</th>
            <td>
              <span className={css.held} data-held={HELD[part.state]}>
                <HeldIcon held={HELD[part.state]} /> {HELD_WORDS[HELD[part.state]]}
              </span>
            </td>
            <td className={run.number}>{formatExact(part.num_parameters)}</td>
            <td className={run.number}>
              {part.moved_tensors} of {part.num_tensors}
            </td>
            <td className={run.number}>{part.movement === null ? "–" : formatPercent(part.movement, 2)}</td>
            <td className={run.number}>{part.cka ? `${ckaText(part)} (${formatNumber(part.cka.low)} to ${formatNumber(part.cka.high)})` : "–"}</td>
            {hasNorms ? <td className={run.number}>{formatNumber(part.batch_norm?.mean_shift)}</td> : null}
            {hasNorms ? <td className={run.number}>{formatNumber(part.batch_norm?.log_variance_ratio)}</td> : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
