import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Button } from "../kit/Button";
import { SelectField, TextField } from "../kit/Field";
import { formatPlural } from "../model/format";
import { hasWeights } from "../model/views";
import { useDoc, useOpen, splitKey } from "../store/doc";
import { ask } from "../store/session";
import { useView } from "../store/view";
import css from "../canvas/content/content.module.css";
import { SampleGrid } from "./SampleGrid";

const SPLITS = [
  ["", "Validation, or what there is"],
  ["train", "Training"],
  ["validation", "Validation"],
  ["test", "Test"],
] as const;
export const MAX_SAMPLES = 16;

/** On which images previews are shown, and with whose weights. */
export function SamplePicker() {
  const project = useOpen((state) => (state.active ? splitKey(state.active).project : ""));
  const images = useDoc((state) => state.flow.nodes.find((node) => node.component === "images"));
  const { samples, setSamples, sampleSplit, setSampleSplit, numSamples, setNumSamples, previewRun, setPreviewRun } = useView();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState<string | null>(null);
  const hub = useQuery({ ...ask.hub(project), enabled: project !== "" });
  const runs = (hub.data?.runs ?? []).filter((run) => hasWeights(run.status) || run.id === previewRun);
  const number = Number(typed);
  const isWrong = typed !== null && !(Number.isInteger(number) && number >= 1 && number <= MAX_SAMPLES);
  const set = (text: string) => {
    const value = Number(text);
    const isRight = text !== "" && Number.isInteger(value) && value >= 1 && value <= MAX_SAMPLES;
    setTyped(isRight ? null : text);
    if (isRight) setNumSamples(value);
  };
  return (
    <section className={css.panel} aria-label="Samples of the previews">
      <div className={css.row}>
        <SelectField
          label="Images from"
          value={sampleSplit ?? ""}
          options={SPLITS}
          disabled={samples !== null}
          title={samples ? "Images are chosen by hand." : undefined}
          onChange={(event) => setSampleSplit((event.target.value || null) as typeof sampleSplit)}
        />
        <TextField
          label="How many"
          type="number"
          min={1}
          max={MAX_SAMPLES}
          value={typed ?? String(samples ? samples.length : numSamples)}
          disabled={samples !== null}
          error={isWrong ? `1 to ${MAX_SAMPLES}` : null}
          onChange={(event) => set(event.target.value)}
          onBlur={() => setTyped(null)}
        />
      </div>
      <SelectField
        label="Weights"
        help={runs.length ? undefined : "Once a run is done, its weights can be chosen here."}
        value={previewRun ?? ""}
        options={[["", "Pretrained, before training"], ...runs.map((run) => [run.id, `${run.name ?? run.id}, after training`] as const)]}
        onChange={(event) => setPreviewRun(event.target.value || null)}
      />
      <div className={css.head}>
        <span className={css.text2}>{samples ? `${formatPlural(samples.length, "image")} chosen by hand` : "Spread evenly over the classes"}</span>
        <span className={css.row}>
          {samples ? <Button onClick={() => setSamples(null)}>Choose automatically</Button> : null}
          <Button onClick={() => setOpen(true)} whyNot={images ? null : "The flow has no images node."}>
            Pick images…
          </Button>
        </span>
      </div>
      {isOpen && images ? (
        <SampleGrid
          project={project}
          images={images}
          chosen={samples ?? []}
          limit={MAX_SAMPLES}
          onClose={() => setOpen(false)}
          onChoose={(keys) => {
            setSamples(keys.length ? keys : null);
            setOpen(false);
          }}
        />
      ) : null}
    </section>
  );
}
