import type { Gap } from "../../../api/types";
import { StageCurve } from "../../../charts/StageCurve";
import { Badge, Notice } from "../../../kit/small";
import table from "../../../kit/table.module.css";
import { formatPercent } from "../../../model/format";
import { Card } from "../../run/Card";
import { Thumbnail } from "../../data/Thumbnail";
import css from "../domains.module.css";

const KINDS: Record<Gap["kinds"][number], string> = {
  none: "no shift to see",
  covariate: "covariate shift: images look different",
  label: "label shift: other shares of the classes",
  concept: "concept shift: the same look means other classes",
  classes: "classes that the source does not have",
};

const point = (value: number) => ({ value, low: value, high: value });

/** The report: kind of shift and what suits, distances by stage, layers, classes, images. */
export function Measured({ project, gap }: { project: string; gap: Gap }) {
  return (
    <>
      <Card title="The gap" aside={<span className={css.quiet}>{`${gap.confidence} confidence`}</span>}>
        <div className={css.line}>
          {gap.kinds.map((kind) => (
            <Badge key={kind} tone={kind === "none" ? "ok" : "warning"}>
              {KINDS[kind]}
            </Badge>
          ))}
        </div>
        <List title="Why" lines={gap.reasons} />
        <List title="What suits" lines={gap.suits} />
        {(gap.notes ?? []).map((note) => (
          <Notice key={note} tone="info">
            {note}
          </Notice>
        ))}
      </Card>
      <Stages gap={gap} />
      {gap.labels?.classes.length ? <Classes labels={gap.labels} /> : null}
      <Examples project={project} gap={gap} title="Images most like the other domain" images={gap.alike} />
      <Examples project={project} gap={gap} title="Images least like it" images={gap.unlike} />
      {gap.layers.length ? <Layers layers={gap.layers} /> : null}
    </>
  );
}

function List({ title, lines }: { title: string; lines: readonly string[] }) {
  return (
    <div>
      <strong>{title}</strong>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

function Stages({ gap }: { gap: Gap }) {
  const { stages } = gap;
  return (
    <Card title="Distances from stage to stage">
      <StageCurve
        title="A-distance by stage: 0, a classifier cannot tell the domains apart; 2, always"
        stages={stages.map(({ stage }) => stage)}
        lines={[{ key: "a", label: "A-distance", color: "--accent", points: stages.map(({ a_distance }) => point(a_distance)) }]}
        range={[0, 2]}
        baseline={0.4}
        marks={[]}
        show={(value) => value.toFixed(2)}
      />
      <div className={css.scroll}>
        <table className={table.table} aria-label="Distances by stage">
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">A-distance</th>
              <th scope="col">MMD²</th>
              <th scope="col">of halves of the source</th>
              <th scope="col">p</th>
              <th scope="col">CORAL</th>
              <th scope="col">of halves</th>
            </tr>
          </thead>
          <tbody>
            {stages.map((stage) => (
              <tr key={stage.stage}>
                <th scope="row">{stage.stage}</th>
                <td>
                  {stage.a_distance.toFixed(2)} {stage.is_saturated ? <Badge>saturated</Badge> : null}
                </td>
                <td>{stage.mmd.toFixed(4)}</td>
                <td>{stage.mmd_halves.toFixed(4)}</td>
                <td>{stage.mmd_p.toFixed(3)}</td>
                <td>{stage.coral.toPrecision(2)}</td>
                <td>{stage.coral_halves.toPrecision(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Classes({ labels }: { labels: NonNullable<Gap["labels"]> }) {
  return (
    <Card
      title="Classes of both domains"
      aside={<span className={css.quiet}>{labels.source_only === null ? "" : `The source alone tells ${formatPercent(labels.source_only)} right`}</span>}
    >
      <div className={css.scroll}>
        <table className={table.table} aria-label="Classes of both domains">
          <thead>
            <tr>
              <th scope="col">Class</th>
              <th scope="col">Source</th>
              <th scope="col">Target</th>
              <th scope="col" title="Between the means, in the source's mean spread within classes">Distance</th>
              <th scope="col">Nearest class of the source</th>
            </tr>
          </thead>
          <tbody>
            {labels.classes.map((one) => (
              <tr key={one.name}>
                <th scope="row">{one.name}</th>
                <td>{one.num_source}</td>
                <td>{one.num_target}</td>
                <td>{one.distance.toFixed(2)}</td>
                <td>
                  {one.nearest} {one.nearest === one.name ? null : <Badge tone="warning">another one</Badge>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Examples({ project, gap, title, images }: { project: string; gap: Gap; title: string; images: Gap["alike"] }) {
  return (
    <Card title={title}>
      {(["source", "target"] as const).map((domain) => (
        <div key={domain}>
          <p className={css.quiet}>{domain === "source" ? "Of the source" : "Of the target"}</p>
          <ul className={css.strip} aria-label={`${title}, of the ${domain}`}>
            {images
              .filter((image) => image.domain === domain)
              .map((image) => (
                <li key={image.key} title={`${image.key}: ${formatPercent(image.target_probability, 0)} target`}>
                  <Thumbnail project={project} settings={{ source: domain === "source" ? gap.source : gap.target }} row={image} pixels={104} alt={image.key} />
                  {formatPercent(image.target_probability, 0)} target
                </li>
              ))}
          </ul>
        </div>
      ))}
    </Card>
  );
}

function Layers({ layers }: { layers: Gap["layers"] }) {
  const largest = [...layers].sort((a, b) => b.shift - a.shift).slice(0, 12);
  return (
    <Card title="Batch-norm layers whose statistics move most">
      <div className={css.scroll}>
        <table className={table.table} aria-label="Batch-norm layers whose statistics move most">
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Target against source</th>
              <th scope="col">Source against the base</th>
              <th scope="col">Target against the base</th>
            </tr>
          </thead>
          <tbody>
            {largest.map((layer) => (
              <tr key={layer.layer}>
                <th scope="row">{layer.layer}</th>
                <td>{layer.shift.toFixed(2)}</td>
                <td>{layer.source_kept.toFixed(2)}</td>
                <td>{layer.target_kept.toFixed(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
