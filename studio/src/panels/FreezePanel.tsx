import { useState } from "react";

import css from "../canvas/content/base.module.css";
import { BoundaryKeys } from "../canvas/content/BoundaryKeys";
import { NotOpened } from "../canvas/content/NotOpened";
import { StageList } from "../canvas/content/StageList";
import { Totals } from "../canvas/content/Totals";
import { useBoundary } from "../canvas/content/useBoundary";
import { Refusal } from "../api/client";
import type { BaseCard, FlowNode } from "../api/types";
import { Button } from "../kit/Button";
import { SelectField } from "../kit/Field";
import { Busy } from "../kit/small";
import { nodeOf, setSettings } from "../model/edits";
import { edit, useDoc } from "../store/doc";
import { BaseFacts } from "./BaseFacts";
import { MovingFields } from "./freeze/MovingFields";
import { OnlyStages } from "./freeze/OnlyStages";
import { type Shown, StageLooksBar, useStageLooks } from "./StageLooks";

const BATCH_NORM = [
  ["held", "Held: statistics never move"],
  ["follow", "Follow: move where trainable"],
  ["adapt", "Adapt: re-estimated once, then held"],
] as const;

/** The base inside a node at full size: boundary, exceptions, batch-norm, what was loaded. */
export function FreezePanel({ node }: { node: string | FlowNode }) {
  const id = typeof node === "string" ? node : node.id;
  const boundary = useBoundary(id);
  const [shown, setShown] = useState<Shown>(null);
  const looks = useStageLooks(id, shown);
  const { card, whole, error, isBusy, isCode, words, freezing, table, again } = boundary;
  if (!card) {
    if (isCode && error instanceof Refusal && error.kind === "FlowError") return <p className={css.note}>{error.message}</p>;
    if (error) return <NotOpened error={error} onRetry={again} />;
    return isBusy ? <Busy what="Opening the base…" /> : null;
  }
  const numExceptions = freezing.freeze.length + freezing.unfreeze.length;
  return (
    <section className={css.panel} aria-label="Freeze boundary">
      <div className={css.head}>
        <h3>Freeze boundary</h3>
        <span className={css.note}>{words}</span>
      </div>
      <StageLooksBar looks={looks} shown={shown} onShow={setShown} />
      <StageList boundary={boundary} isCompact={false} besides={looks.besides} />
      <Totals boundary={boundary} isCompact={false} />
      {(table?.notes ?? []).map((note) => (
        <p key={note} className={css.note}>
          {note}
        </p>
      ))}
      {numExceptions && !isCode ? (
        <div className={css.head}>
          <span className={css.note}>Exceptions: {[...freezing.freeze.map((name) => `freeze ${name}`), ...freezing.unfreeze.map((name) => `unfreeze ${name}`)].join(", ")}</span>
          <Button onClick={() => edit(`Take back all exceptions of ${id}`, (flow) => setSettings(flow, id, { freeze: undefined, unfreeze: undefined }))}>
            Reset
          </Button>
        </div>
      ) : null}
      {isCode && numExceptions ? (
        <Button onClick={() => edit(`Freeze ${id} as its code says`, (flow) => setSettings(flow, id, { freeze: undefined, unfreeze: undefined }))}>
          Freeze as the code says
        </Button>
      ) : null}
      {isCode ? null : <OnlyStages id={id} card={card} freezing={freezing} />}
      {isCode ? null : <MovingFields id={id} />}
      {isCode ? null : <Choices id={id} card={card} whole={whole ?? card} />}
      <details>
        <summary>What was loaded, and from where</summary>
        <BaseFacts card={card} />
      </details>
      <BoundaryKeys boundary={boundary} />
    </section>
  );
}

function Choices({ id, card, whole }: { id: string; card: BaseCard; whole: BaseCard }) {
  const settings = useDoc((state) => nodeOf(state.flow, id)?.settings);
  const last = whole.stages.at(-1)?.name ?? "";
  const chosen = typeof settings?.["last_stage"] === "string" ? settings["last_stage"] : last;
  const options = whole.stages.filter((stage) => stage.cut_is_legal || stage.name === last || stage.name === chosen);
  return (
    <>
      <SelectField
        label="Batch-norm"
        help="How batch-norm layers of this base behave."
        value={String(settings?.["batch_norm"] ?? "held")}
        options={BATCH_NORM}
        onChange={(event) => {
          const { value } = event.target;
          edit(`Set batch-norm of ${id} to ${value}`, (flow) => setSettings(flow, id, { batch_norm: value === "held" ? undefined : value }));
        }}
      />
      <SelectField
        label="Last stage"
        help={chosen === last ? "The whole base is used." : `${whole.stages.length - card.stages.length} later stages are left out.`}
        value={chosen}
        options={options.map((stage) => [stage.name, stage.name === last ? `${stage.name} (the whole base)` : stage.name] as const)}
        onChange={(event) => {
          const { value } = event.target;
          edit(`End ${id} at ${value}`, (flow) => endAt(flow, id, whole, value));
        }}
      />
    </>
  );
}

/** End a base at a stage; a cut that would lie behind it goes. */
function endAt(flow: Parameters<typeof setSettings>[0], id: string, whole: BaseCard, stage: string) {
  const position = (name: unknown) => whole.stages.findIndex((item) => item.name === name);
  const { cut, strategy } = nodeOf(flow, id)?.settings ?? {};
  const isLast = stage === whole.stages.at(-1)?.name;
  const goesStale = typeof cut === "string" && cut !== "input" && (position(cut) >= position(stage) || strategy === "head_only");
  const changes: Record<string, unknown> = { last_stage: isLast ? undefined : stage };
  if (goesStale) Object.assign(changes, { cut: undefined, ...(strategy === "head_only" ? {} : { strategy: "head_only" }) });
  return setSettings(flow, id, changes);
}
