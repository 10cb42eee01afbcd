import { useState } from "react";

import type { AdaptationReport, AdaptedMethod } from "../../../api/types";
import { IntervalBar } from "../../../charts/IntervalBar";
import { Scatter } from "../../../charts/Scatter";
import { Button } from "../../../kit/Button";
import { SelectField } from "../../../kit/Field";
import { Badge, Notice } from "../../../kit/small";
import table from "../../../kit/table.module.css";
import { gainWords, lineWords, planeOf, toneOf, verdictWords } from "../../../model/adapting";
import { formatPercent } from "../../../model/format";
import { type TrainedMethod, putIntoFlow } from "../../../store/adapting";
import { useDoc } from "../../../store/doc";
import { Card } from "../../run/Card";
import css from "../domains.module.css";

type Props = { project: string; report: AdaptationReport; target: string };

const TRAINED: readonly (readonly [TrainedMethod, string])[] = [
  ["dann", "DANN, an adversary"],
  ["cdan", "CDAN+E, an adversary that sees answers too"],
  ["mcc", "MCC, classes that are not confused"],
  ["mcd", "MCD, two heads that agree"],
  ["deep_coral", "Deep CORAL, covariances"],
  ["dan", "DAN, mean discrepancy"],
  ["jan", "JAN, joint mean discrepancy"],
  ["entropy", "Entropy, sure answers"],
];

/** The report: lines, methods, what became of each class, where the domains lie before and after. */
export function Adapted({ project, report, target }: Props) {
  return (
    <>
      <Card title="What adapting gives" aside={<span className={css.quiet}>{lineWords(report).join(" · ")}</span>}>
        <p>{report.words}</p>
        {report.notes.map((note) => (
          <Notice key={note} tone="info">
            {note}
          </Notice>
        ))}
        <Methods report={report} />
      </Card>
      <Maps report={report} />
      <Classes report={report} />
      <Trained project={project} target={target} />
    </>
  );
}

function Methods({ report }: { report: AdaptationReport }) {
  const lines = [report.source_only, ...report.methods];
  const isScored = report.source_only.target_accuracy !== null;
  return (
    <div className={css.scroll}>
      <table className={table.table} aria-label="Methods of adaptation">
        <thead>
          <tr>
            <th scope="col">Method</th>
            {isScored ? <th scope="col">Target</th> : null}
            {isScored ? <th scope="col">Gain, points</th> : null}
            <th scope="col">Source</th>
            <th scope="col" title="A classifier that learned from the target as the method labelled it, scored on the source. No score.">Reverse</th>
            <th scope="col" title="Sure and even answers, in nats. No score.">Information</th>
            <th scope="col">Seconds</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((method) => (
            <Row key={method.method} method={method} isScored={isScored} isChosen={report.chosen === method.method} baseline={report.source_only.target_accuracy?.value ?? null} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type RowProps = { method: AdaptedMethod; isScored: boolean; isChosen: boolean; baseline: number | null };

function Row({ method, isScored, isChosen, baseline }: RowProps) {
  const said = verdictWords(method);
  const number = (value: number | null | undefined, digits = 2) => (value === null || value === undefined ? "–" : value.toFixed(digits));
  return (
    <tr>
      <th scope="row">
        {method.title} {isChosen ? <Badge tone="accent">taken without labels</Badge> : null}
        {!isScored && method.is_collapsed ? <Badge tone="warning">collapsed</Badge> : null}
      </th>
      {isScored ? (
        <td>
          {method.target_accuracy ? (
            <span className={css.bar}>
              <span>{formatPercent(method.target_accuracy.value)}</span>
              <IntervalBar interval={method.target_accuracy} baseline={baseline} words={`${method.title}: ${formatPercent(method.target_accuracy.value)}`} />
            </span>
          ) : (
            "–"
          )}
        </td>
      ) : null}
      {isScored ? (
        <td>
          {gainWords(method.gain)} {said ? <Badge tone={toneOf(method)}>{said}</Badge> : null}
        </td>
      ) : null}
      <td>{method.source_accuracy === null ? "–" : formatPercent(method.source_accuracy)}</td>
      <td>{number(method.validators?.reverse)}</td>
      <td>{number(method.validators?.information)}</td>
      <td>{number(method.seconds, 1)}</td>
    </tr>
  );
}

function Maps({ report }: { report: AdaptationReport }) {
  const [by, setBy] = useState<"domain" | "class">("domain");
  const title = (name: string) => [report.source_only, ...report.methods].find((method) => method.method === name)?.title ?? name;
  return (
    <Card
      title="Both domains, before and after"
      aside={<SelectField label="Color" value={by} options={[["domain", "Domain"], ["class", "Class, as said"]]} onChange={(event) => setBy(event.target.value as "domain")} />}
    >
      <div className={css.maps}>
        {report.maps.map((map) => {
          const plane = planeOf(map, report.classes, by);
          return (
            <Scatter
              key={map.method}
              label={title(map.method)}
              x={plane.x}
              y={plane.y}
              color={plane.color}
              names={plane.keys}
              facts={[
                { title: "Domain", of: (index) => plane.domains[index] ?? "" },
                { title: "Class", of: (index) => plane.labels[index] ?? "" },
              ]}
              axes={{ x: "first direction", y: "second direction" }}
            />
          );
        })}
      </div>
    </Card>
  );
}

function Classes({ report }: { report: AdaptationReport }) {
  const best = report.methods.filter(({ gain }) => gain).sort((a, b) => (b.gain?.value ?? 0) - (a.gain?.value ?? 0))[0];
  if (!best?.per_class?.length) return null;
  return (
    <Card title={`What ${best.title} did to each class`}>
      <div className={css.scroll}>
        <table className={table.table} aria-label="Recall of each class">
          <thead>
            <tr>
              <th scope="col">Class</th>
              <th scope="col">Images</th>
              <th scope="col">Source only</th>
              <th scope="col">{best.title}</th>
            </tr>
          </thead>
          <tbody>
            {best.per_class.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td>{row.num_images}</td>
                <td>{formatPercent(row.before)}</td>
                <td>{formatPercent(row.after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Trained({ project, target }: { project: string; target: string }) {
  const flow = useDoc((state) => state.flow);
  const [method, setMethod] = useState<TrainedMethod>("dann");
  const isThere = flow.nodes.some(({ component }) => component === "adaptation");
  return (
    <Card title="Train with both domains">
      <p className={css.quiet}>
        Methods that train put a node for the target&apos;s images and an adaptation into this flow. Bypass the adaptation on the canvas for the source-only run.
      </p>
      <div className={css.line}>
        <SelectField label="Method" value={method} options={TRAINED} onChange={(event) => setMethod(event.target.value as TrainedMethod)} />
        <Button whyNot={isThere ? "This flow is adapted already; its node holds the method." : null} onClick={() => void putIntoFlow(project, flow, target, method)}>
          Put it into the flow
        </Button>
      </div>
    </Card>
  );
}
