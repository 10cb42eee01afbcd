import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { type KeyboardEvent, useState } from "react";

import type { PreviewDocument, SamplePreview, TensorStats } from "../../api/types";
import { IconButton } from "../../kit/Button";
import { SelectField } from "../../kit/Field";
import { Modal } from "../../kit/Modal";
import { Busy, Notice } from "../../kit/small";
import { captionOf, hasWeights, splitWord, weightsText } from "../../model/views";
import { splitKey, useOpen } from "../../store/doc";
import { ask } from "../../store/session";
import { useView } from "../../store/view";
import { BigView } from "./BigView";
import { ChannelFlipper, SHEET } from "./ChannelFlipper";
import { ChartTable } from "./ChartTable";
import css from "./content.module.css";
import { Stats } from "./Stats";
import { useShownPreview } from "./useShownPreview";

type Props = { node: string; document: PreviewDocument; at: number; onMove: (at: number) => void; onClose: () => void };

/** One sample large: its picture, its numbers, its channels, and the same under other weights beside it. */
export function PreviewModal({ node, document, at, onMove, onClose }: Props) {
  const project = useOpen((state) => (state.active ? splitKey(state.active).project : ""));
  const shownRun = useView((state) => state.previewRun);
  const [channels, setChannels] = useState(SHEET);
  const [other, setOther] = useState<string>("");
  const maps = { port: document.port, order: channels.order, channel: channels.only };
  const isOwn = channels.only === null && channels.order === "activity";
  const main = useShownPreview(node, document, { ...maps, run: shownRun }, isOwn);
  const beside = useShownPreview(node, document, { ...maps, run: other === "pretrained" ? null : other }, other === "");
  const count = document.samples.length;
  const sample = main.document?.samples[at] ?? document.samples[at];
  if (!sample || !main.document) return null;
  const second = other === "" ? null : (beside.document?.samples[at] ?? null);
  const channel = channels.only === null ? channels.at : 0;
  const flip = (by: 1 | -1) => onMove((at + by + count) % count);
  const keys = (event: KeyboardEvent) => {
    if ((event.target as HTMLElement).closest("input, select") || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
    event.preventDefault();
    flip(event.key === "ArrowRight" ? 1 : -1);
  };
  return (
    <Modal isWide isOpen onClose={onClose} title={`${node}: ${captionOf(sample)}`} description={`${sample.key}, ${splitWord(sample.split)} images`}>
      <div className={css.big} onKeyDown={keys}>
        <div className={css.flipper}>
          <IconButton label="Previous sample" keys="←" onClick={() => flip(-1)} whyNot={count < 2 ? "There is one sample." : null}>
            <ChevronLeft size={15} />
          </IconButton>
          <span className={css.text2}>
            Sample {at + 1} of {count}
          </span>
          <IconButton label="Next sample" keys="→" onClick={() => flip(1)} whyNot={count < 2 ? "There is one sample." : null}>
            <ChevronRight size={15} />
          </IconButton>
          {sample.view.view === "maps" ? <ChannelFlipper view={sample.view} choice={channels} onChoose={setChannels} /> : null}
          {main.isBusy || beside.isBusy ? <Busy what="Computing…" /> : null}
        </div>
        {main.error ?? beside.error ? <Notice tone="error">{(main.error ?? beside.error)?.message}</Notice> : null}
        <div className={css.columns}>
          <div className={second ? css.pair : css.big}>
            <BigView project={project} sample={sample} channel={channel} {...(second ? { title: weightsText(main.document.weights) } : {})} />
            {second && beside.document && !beside.error ? (
              <BigView project={project} sample={second} channel={channel} title={weightsText(beside.document.weights)} />
            ) : null}
          </div>
          <div className={css.panel}>
            <OtherWeights project={project} shown={shownRun} value={other} onChoose={setOther} />
            <Stats document={main.document} stats={statsOf(sample, channel) ?? main.document.stats} />
            <ChartTable view={sample.view} />
          </div>
        </div>
      </div>
    </Modal>
  );
}

function statsOf({ view }: SamplePreview, channel: number | null): TensorStats | null {
  if (view.view === "maps" && channel !== null) return view.channels[channel]?.stats ?? view.stats;
  return "stats" in view ? view.stats : null;
}

type OtherProps = { project: string; shown: string | null; value: string; onChoose: (value: string) => void };

/** Choose weights to compare with: before training and after. */
function OtherWeights({ project, shown, value, onChoose }: OtherProps) {
  const hub = useQuery({ ...ask.hub(project), enabled: project !== "" });
  const runs = (hub.data?.runs ?? []).filter((run) => hasWeights(run.status) && run.id !== shown);
  const others = [...(shown ? [["pretrained", "Pretrained weights"] as const] : []), ...runs.map((run) => [run.id, run.name ?? run.id] as const)];
  return (
    <SelectField
      label="Compare with"
      help={others.length ? undefined : "Once a run is done, its weights can be shown beside these."}
      value={value}
      options={[["", "Nothing"], ...others]}
      onChange={(event) => onChoose(event.target.value)}
    />
  );
}
