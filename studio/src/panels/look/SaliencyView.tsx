import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ShieldQuestion } from "lucide-react";
import { useId, useState } from "react";

import type { SaliencyDocument, SaliencyReply } from "../../api/types";
import { Button } from "../../kit/Button";
import { SelectField } from "../../kit/Field";
import { Busy, Notice } from "../../kit/small";
import { formatNumber } from "../../model/format";
import { classChoices, completenessText, describeSaliency, type LookedImage, METHOD_WORDS, type Method, methodText } from "../../model/one_image";
import { pictureUrl } from "../../model/views";
import { askImage } from "../../store/one_image";
import { RefusalNotice } from "../RefusalNotice";
import css from "./look.module.css";

type Props = { project: string; run: string; image: LookedImage };

const METHODS = Object.entries(METHOD_WORDS) as [Method, string][];

/** Where in an image the evidence for a class lies, and whether that can be trusted. */
export function SaliencyView({ project, run, image }: Props) {
  const [method, setMethod] = useState<Method | null>(null);
  const [of, setOf] = useState<string | null>(null);
  const [sanity, setSanity] = useState(false);
  const [opacity, setOpacity] = useState(0.75);
  const asked = useQuery({ ...askImage.saliency(project, run, image, { method, of, sanity }), placeholderData: keepPreviousData });
  // What another image showed must not stand under the name of this one; another class of the same image may.
  const reply = asked.data?.document.image === image.image ? asked.data : undefined;
  return (
    <div className={css.saliency}>
      {reply ? <Overlay project={project} reply={reply} opacity={opacity} isOld={asked.isPlaceholderData} /> : <div className={css.stack} />}
      <div className={css.side}>
        <OpacitySlider value={opacity} onChange={setOpacity} />
        <div className={css.fields}>
          <SelectField
            label="Evidence for"
            value={of ?? ""}
            options={[["", reply?.document.predicted ? `What is predicted (${reply.document.predicted})` : "What is predicted"], ...(reply ? classChoices(reply.document) : [])]}
            onChange={(event) => setOf(event.target.value || null)}
          />
          <SelectField
            label="Method"
            value={method ?? ""}
            options={[["", "What fits the base"], ...METHODS]}
            onChange={(event) => setMethod((event.target.value || null) as Method | null)}
          />
        </div>
        {asked.error ? <RefusalNotice error={asked.error} onRetry={() => void asked.refetch()} /> : null}
        {asked.isFetching ? <Busy what={sanity ? "Shuffling weights and looking again…" : "Looking for the evidence…"} /> : null}
        {reply && !asked.isPlaceholderData ? <Words document={reply.document} onCheck={() => setSanity(true)} isChecking={sanity && asked.isFetching} /> : null}
      </div>
    </div>
  );
}

function Overlay({ project, reply, opacity, isOld }: { project: string; reply: SaliencyReply; opacity: number; isOld: boolean }) {
  return (
    <div className={css.stack} data-old={isOld || undefined}>
      <img src={pictureUrl(project, reply.image)} alt={describeSaliency(reply.document)} />
      <img src={pictureUrl(project, reply.heat)} alt="" style={{ opacity }} data-heat />
    </div>
  );
}

function OpacitySlider({ value, onChange }: { value: number; onChange: (value: number) => void }) {
  const id = useId();
  return (
    <div className={css.slider}>
      <label htmlFor={id}>Map over the image</label>
      <input id={id} type="range" min={0} max={100} step={5} value={Math.round(100 * value)} onChange={(event) => onChange(Number(event.target.value) / 100)} />
      <output htmlFor={id}>{Math.round(100 * value)} %</output>
    </div>
  );
}

type WordsProps = { document: SaliencyDocument; onCheck: () => void; isChecking: boolean };

function Words({ document, onCheck, isChecking }: WordsProps) {
  const complete = completenessText(document);
  return (
    <div className={css.words} aria-live="polite">
      <p className={css.quiet}>{methodText(document)}</p>
      {complete ? <p className={css.quiet}>{complete}</p> : null}
      {document.notes.map((note) => (
        <Notice key={note} tone="info">
          {note}
        </Notice>
      ))}
      {document.sanity ? (
        <Sanity sanity={document.sanity} />
      ) : (
        <Button onClick={onCheck} whyNot={document.is_empty ? "There is no map to check." : isChecking ? "It is being checked." : null} tip="Weights are shuffled for a moment: a map that stays the same shows the image, not what was learned.">
          <ShieldQuestion size={14} aria-hidden /> Can it be trusted?
        </Button>
      )}
    </div>
  );
}

function Sanity({ sanity }: { sanity: NonNullable<SaliencyDocument["sanity"]> }) {
  return (
    <>
      <Notice tone={sanity.passes ? "ok" : "warning"}>{sanity.verdict}</Notice>
      <details>
        <summary>Step by step</summary>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Weights shuffled</th>
              <th scope="col">Rank correlation</th>
            </tr>
          </thead>
          <tbody>
            {sanity.steps.map((step) => (
              <tr key={step.what}>
                <th scope="row">{step.what}</th>
                <td>{step.correlation === null ? "no map left" : formatNumber(step.correlation)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}
