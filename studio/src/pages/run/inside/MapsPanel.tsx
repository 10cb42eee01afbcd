import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";

import type { MapsDocument } from "../../../api/types";
import { SelectField } from "../../../kit/Field";
import { Busy, Notice } from "../../../kit/small";
import { deadText, type LookedImage, SIDE_WORDS, stageText } from "../../../model/one_image";
import { formatNumber, formatPercent } from "../../../model/format";
import { pictureUrl } from "../../../model/views";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { askImage } from "../../../store/one_image";
import { AttentionGrid } from "./AttentionGrid";
import { ChannelGrid } from "./ChannelGrid";
import css from "./inside.module.css";

const ORDERS = [
  ["activity", "Those that vary most on this image"],
  ["change", "Those that training changed most"],
  ["index", "As they are numbered"],
] as const;

type Props = { project: string; run: string; image: LookedImage };

/** An image through every stage of the base; one stage channel by channel, pretrained and trained side by side. */
export function MapsPanel({ project, run, image }: Props) {
  const [stage, setStage] = useState<string | null>(null);
  const [order, setOrder] = useState<MapsDocument["order"]>("activity");
  const asked = useQuery(askImage.maps(project, run, image, { stage, order }));
  const maps = asked.data;
  if (asked.error && !maps) return <RefusalNotice error={asked.error} onRetry={() => void asked.refetch()} />;
  if (!maps) return <Busy what="Passing the image through the base…" />;
  const shown = stage ?? maps.shown;
  return (
    <div className={css.maps}>
      <StageSlider maps={maps} shown={shown} onShow={setStage} />
      <StageStrip project={project} maps={maps} shown={shown} onShow={setStage} />
      <div className={css.mapsHead}>
        <SelectField label="Channels" value={order} options={ORDERS} onChange={(event) => setOrder(event.target.value as MapsDocument["order"])} />
        <StageFacts maps={maps} />
        {asked.isFetching ? <Busy what="Drawing…" /> : null}
      </div>
      {asked.error ? <RefusalNotice error={asked.error} onRetry={() => void asked.refetch()} /> : null}
      {maps.notes.map((note) => (
        <Notice key={note} tone="info">
          {note}
        </Notice>
      ))}
      <ChannelGrid project={project} maps={maps} />
      <AttentionGrid project={project} maps={maps} />
    </div>
  );
}

type StagesProps = { maps: MapsDocument; shown: string; onShow: (stage: string) => void };

function StageSlider({ maps, shown, onShow }: StagesProps) {
  const id = useId();
  const at = Math.max(0, maps.stages.findIndex((stage) => stage.stage === shown));
  return (
    <div className={css.slider}>
      <label htmlFor={id}>Depth</label>
      <input
        id={id}
        type="range"
        min={0}
        max={maps.stages.length - 1}
        value={at}
        aria-valuetext={`${shown}, stage ${at + 1} of ${maps.stages.length}`}
        onChange={(event) => onShow(maps.stages[Number(event.target.value)]?.stage ?? shown)}
      />
      <output htmlFor={id}>{shown}</output>
    </div>
  );
}

function StageStrip({ project, maps, shown, onShow }: StagesProps & { project: string }) {
  const hasBoth = maps.weights.length > 1;
  return (
    <div className={css.strip} role="group" aria-label="Stages of the base">
      <figure className={css.input}>
        <img src={pictureUrl(project, maps.input)} alt={`${maps.image} as the base sees it`} />
        <figcaption>input</figcaption>
      </figure>
      {maps.stages.map((stage) => {
        const side = stage.sides.trained ?? stage.sides.pretrained;
        const words = `${stage.stage}: ${stageText(stage, hasBoth)}`;
        return (
          <button key={stage.stage} type="button" className={css.stage} title={words} aria-pressed={stage.stage === shown} onClick={() => onShow(stage.stage)}>
            <span className="sr-only">{words}</span>
            {side ? <img src={pictureUrl(project, side.picture)} alt="" /> : null}
            <span aria-hidden>{stage.stage}</span>
            <span aria-hidden className={css.quiet}>
              {stageText(stage, hasBoth)}
            </span>
          </button>
        );
      })}
    </div>
  );
}

function StageFacts({ maps }: { maps: MapsDocument }) {
  const stage = maps.stages.find((one) => one.stage === maps.shown);
  if (!stage) return null;
  return (
    <dl className={css.facts} aria-label={`Statistics of ${stage.stage}`}>
      {maps.weights.map((side) => {
        const found = stage.sides[side];
        return found ? (
          <div key={side}>
            <dt>{SIDE_WORDS[side]}</dt>
            <dd>
              mean {formatNumber(found.mean)}, deviation {formatNumber(found.std)}, {formatPercent(found.zero_share)} zeros, {deadText(stage, side, maps.num_images)}
            </dd>
          </div>
        ) : null;
      })}
    </dl>
  );
}
