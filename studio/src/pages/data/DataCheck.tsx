import { ShieldCheck } from "lucide-react";
import { useState } from "react";

import type { DataFix, DataView } from "../../api/types";
import { Button } from "../../kit/Button";
import { Badge, Empty, Notice } from "../../kit/small";
import { alike } from "../../model/findings";
import { formatExact, formatPlural } from "../../model/format";
import { fix } from "./acts";
import css from "./data.module.css";
import { KeyDialog } from "./ImageDialog";
import { ALL, type Filter, type OpenData } from "./open";
import { Quality } from "./quality/Quality";
import { PictureButton } from "./PictureButton";

/** What was found in the data, and what can be done about it. */
export function DataCheck({ data, onShow }: { data: OpenData; onShow: (filter: Filter) => void }) {
  const [large, setLarge] = useState<string | null>(null);
  const { report, fixes } = data.view;
  const isFine = report.problems.length === 0 && fixes.length === 0;
  return (
    <>
    <div className={css.check2}>
      <section aria-labelledby="findings" className={css.findings}>
        {fixes.length ? <h2>What can be done</h2> : null}
        {fixes.map((proposed) => (
          <Fix key={proposed.id} data={data} proposed={proposed} onLarge={setLarge} />
        ))}
        <h2 id="findings">Findings</h2>
        {isFine ? (
          <Empty icon={<ShieldCheck size={24} aria-hidden />} title="Nothing to complain about">
            <p>No copies, no contradictions, no image that cannot be read.</p>
          </Empty>
        ) : null}
        <Findings problems={report.problems} />
        <DuplicateGroups data={data} onLarge={setLarge} />
      </section>
      <aside className={css.numbers} aria-labelledby="numbers">
        <h2 id="numbers">Numbers</h2>
        <Numbers report={report} />
        <div className={css.column}>
          <Button onClick={() => onShow({ ...ALL, only: "problem" })}>Show images with a problem</Button>
          <Button
            whyNot={data.excluded.size ? null : "No image is excluded."}
            onClick={() => onShow({ ...ALL, only: "excluded" })}
          >
            Show excluded images
          </Button>
          <Button
            whyNot={Object.keys(data.relabel).length ? null : "No image was relabeled."}
            onClick={() => onShow({ ...ALL, only: "relabeled" })}
          >
            Show relabeled images
          </Button>
        </div>
      </aside>
    </div>
    <Quality data={data} onLarge={setLarge} />
    {large ? <KeyDialog data={data} name={large} onClose={() => setLarge(null)} /> : null}
    </>
  );
}

/** Findings of one kind are one entry: "The same image has different labels: …" twelve times says no more than once. */
function Findings({ problems }: { problems: Report["problems"] }) {
  return alike(problems).map(([what, all]) =>
    all.length < 3 ? (
      all.map((problem) => (
        <Notice key={problem.message} tone={problem.level}>
          {problem.message}
          {problem.hint ? <div className={css.hint}>{problem.hint}</div> : null}
        </Notice>
      ))
    ) : (
      <Notice key={what} tone={all[0]?.level ?? "warning"}>
        <details className={css.alike}>
          <summary>
            {what} ({formatExact(all.length)} times)
          </summary>
          <ul>
            {all.map((problem) => (
              <li key={problem.message}>{problem.message.slice(what.length + 1)}</li>
            ))}
          </ul>
        </details>
        {all[0]?.hint ? <div className={css.hint}>{all[0].hint}</div> : null}
      </Notice>
    ),
  );
}

type FixProps = { data: OpenData; proposed: DataFix; onLarge: (key: string) => void };

function Fix({ data, proposed, onLarge }: FixProps) {
  const more = proposed.num_keys - Math.min(8, proposed.keys.length);
  return (
    <article className={css.fix}>
      <div>
        <h3>{proposed.title}</h3>
        <p>{proposed.detail}</p>
        {proposed.keys.length ? (
          <div className={css.strip}>
            {proposed.keys.slice(0, 8).map((key) => (
              <PictureButton key={key} data={data} name={key} onLarge={onLarge} />
            ))}
            {more > 0 ? <span>and {formatExact(more)} more</span> : null}
          </div>
        ) : null}
      </div>
      <Button
        look="primary"
        whyNot={data.isBehind ? "The data is being read again." : null}
        onClick={() => fix(data.node.id, proposed)}
      >
        Apply
      </Button>
    </article>
  );
}

function DuplicateGroups({ data, onLarge }: { data: OpenData; onLarge: (key: string) => void }) {
  const groups = data.view.report.duplicate_groups;
  if (groups.length === 0) return null;
  return (
    <details className={css.groups}>
      <summary>{formatPlural(groups.length, "group")} of copies</summary>
      {groups.map((group) => (
        <div key={group.join("|")} className={css.strip}>
          {group.slice(0, 12).map((key) => (
            <figure key={key}>
              <PictureButton data={data} name={key} onLarge={onLarge} />
              <figcaption title={key}>{key.split("/").at(-1)}</figcaption>
            </figure>
          ))}
          {group.length > 12 ? <span>and {group.length - 12} more</span> : null}
        </div>
      ))}
    </details>
  );
}

type Report = DataView["report"];

function Numbers({ report }: { report: Report }) {
  const bad = (count: number) => (count ? <Badge tone="warning">{formatExact(count)}</Badge> : "none");
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    ["Images", formatExact(report.num_images)],
    ["Cannot be read", bad(report.num_unreadable)],
    ["Exact copies", bad(report.num_exact_duplicates)],
    ["Near copies", bad(report.num_near_duplicates)],
    ["Copies across splits", bad(report.num_crossing)],
    ["Contradicting labels", bad(report.num_conflicts)],
    ["Commonest to rarest class", report.imbalance ? `${report.imbalance.toFixed(1)} : 1` : "–"],
    ["Classes under 10 images", report.tiny_classes.length ? report.tiny_classes.join(", ") : "none"],
    ["Sides", `${report.smallest_side === report.largest_side ? "" : `${formatExact(report.smallest_side)} to `}${formatExact(report.largest_side)} pixels`],
    ["Sizes", commonest(report.sizes)],
    ["Modes", commonest(report.modes)],
    ["Other files", formatExact(report.num_other)],
    ["Hidden files", formatExact(report.num_hidden)],
  ];
  return (
    <dl className={css.facts}>
      {facts.map(([name, value]) => (
        <div key={name} className={css.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function commonest(counts: Readonly<Record<string, number>>): string {
  const all = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const shown = all.slice(0, 3).map(([name, count]) => `${name.replace("x", " × ")} (${formatExact(count)})`);
  return all.length > 3 ? `${shown.join(", ")} and ${all.length - 3} more` : shown.join(", ") || "–";
}
