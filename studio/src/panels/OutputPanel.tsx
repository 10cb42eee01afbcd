import { ChevronLeft, ChevronRight, Maximize2 } from "lucide-react";
import { Suspense, useState } from "react";

import type { FlowNode } from "../api/types";
import { BigView } from "../canvas/content/BigView";
import { ChannelFlipper, SHEET } from "../canvas/content/ChannelFlipper";
import { ChartTable } from "../canvas/content/ChartTable";
import css from "../canvas/content/content.module.css";
import { PreviewProblem } from "../canvas/content/PreviewProblem";
import { Stats } from "../canvas/content/Stats";
import { useShownPreview } from "../canvas/content/useShownPreview";
import { IconButton } from "../kit/Button";
import { SelectField } from "../kit/Field";
import { lazily } from "../kit/lazily";
import { Busy, Empty, Notice } from "../kit/small";
import { nodeOf } from "../model/edits";
import { formatExact } from "../model/format";
import { captionOf, pictureUrl, splitWord } from "../model/views";
import { holdsBase, useBase } from "../store/cuts";
import { splitKey, useDoc, useOpen } from "../store/doc";
import { useNodeStatus, usePreview } from "../store/previews";
import { useView } from "../store/view";
import { SamplePicker } from "./SamplePicker";

const PreviewModal = lazily(() => import("../canvas/content/PreviewModal").then((file) => ({ default: file.PreviewModal })));

/** The output of a node at full size: picture, numbers, channels, and on which images it is shown. */
export function OutputPanel({ node }: { node: string | FlowNode }) {
  const id = typeof node === "string" ? node : node.id;
  const { document, error } = usePreview(id);
  const { status, text } = useNodeStatus(id);
  return (
    <div className={css.panel}>
      {error && status !== "waiting" ? <PreviewProblem node={id} error={error} isNotLoaded={status === "not-loaded"} /> : null}
      {status === "running" ? <Busy what="Computing…" /> : null}
      {document ? <Output key={id} id={id} isOld={status !== "done" && status !== "cached"} /> : null}
      {!document && !error && status !== "running" ? <Empty title={text || "No preview yet"}>The output is shown here once it is computed.</Empty> : null}
      <details open>
        <summary>Shown on</summary>
        <SamplePicker />
      </details>
    </div>
  );
}

function Output({ id, isOld }: { id: string; isOld: boolean }) {
  const { document: own } = usePreview(id);
  const project = useOpen((state) => (state.active ? splitKey(state.active).project : ""));
  const component = useDoc((state) => nodeOf(state.flow, id));
  const run = useView((state) => state.previewRun);
  const base = useBase(component && holdsBase(component) ? id : "");
  const [at, setAt] = useState(0);
  const [port, setPort] = useState<string | null>(null);
  const [channels, setChannels] = useState(SHEET);
  const [isLarge, setLarge] = useState(false);
  const wanted = port ?? own?.port ?? null;
  const isOwn = wanted === (own?.port ?? null) && channels.only === null && channels.order === "activity";
  const { document, error, isBusy } = useShownPreview(id, own, { port: wanted, order: channels.order, channel: channels.only, run }, isOwn);
  if (!document) return null;
  const count = document.samples.length;
  const here = Math.min(at, count - 1);
  const sample = document.samples[here];
  const stages = base.card?.stages ?? [];
  const ports = [...document.ports.map((name) => [name, name] as const), ...stages.map((stage) => [stage.name, `after stage ${stage.name}`] as const)];
  const parameters = stages.length ? formatExact(stages.reduce((sum, stage) => sum + stage.num_parameters, 0)) : null;
  const channel = channels.only === null ? channels.at : 0;
  if (!sample) return null;
  return (
    <>
      {ports.length > 1 ? (
        <SelectField label="Output" value={wanted ?? ""} options={dedupe(ports)} onChange={(event) => { setPort(event.target.value); setChannels(SHEET); }} />
      ) : null}
      <div className={css.head}>
        <span className={css.flipper}>
          <IconButton label="Previous sample" onClick={() => setAt((here - 1 + count) % count)} whyNot={count < 2 ? "There is one sample." : null}>
            <ChevronLeft size={15} />
          </IconButton>
          <span className={css.text2}>
            {here + 1} of {count}
          </span>
          <IconButton label="Next sample" onClick={() => setAt((here + 1) % count)} whyNot={count < 2 ? "There is one sample." : null}>
            <ChevronRight size={15} />
          </IconButton>
        </span>
        <IconButton label="Show it large" onClick={() => setLarge(true)}>
          <Maximize2 size={14} />
        </IconButton>
      </div>
      <p className={css.text2} title={sample.key}>
        {captionOf(sample)} · {splitWord(sample.split)} · {sample.key}
      </p>
      {error ? <Notice tone="error">{error.message}</Notice> : null}
      {isBusy ? <Busy what="Computing…" /> : null}
      <div className={css.shown} data-old={isOld}>
        <BigView project={project} sample={sample} channel={channel} />
      </div>
      {sample.view.view === "maps" ? <ChannelFlipper view={sample.view} choice={channels} onChoose={setChannels} /> : null}
      <ChartTable view={sample.view} />
      {Object.entries(document.custom?.pictures ?? {}).map(([name, picture]) => (
        <figure key={name} className={css.figure} data-pixels="true">
          <figcaption>{name}</figcaption>
          <img src={pictureUrl(project, picture)} alt={`${name}, drawn by the code`} />
        </figure>
      ))}
      {document.custom?.error ? <Notice tone="warning">The preview of the code failed: {document.custom.error}</Notice> : null}
      <Stats document={document} stats={document.stats} parameters={parameters} />
      {isLarge ? (
        <Suspense fallback={null}>
          <PreviewModal node={id} document={document} at={here} onMove={setAt} onClose={() => setLarge(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

function dedupe(options: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  const seen = new Set<string>();
  return options.filter(([name]) => !seen.has(name) && seen.add(name));
}
