import { useState } from "react";

import type { ChannelMap, MapsDocument } from "../../../api/types";
import { Modal } from "../../../kit/Modal";
import { Badge } from "../../../kit/small";
import { formatNumber } from "../../../model/format";
import { changeText, channelRows, SIDE_WORDS } from "../../../model/one_image";
import { pictureUrl } from "../../../model/views";
import css from "./inside.module.css";

type Props = { project: string; maps: MapsDocument };

/** Channels of a stage, each under all weights; a click shows one large. */
export function ChannelGrid({ project, maps }: Props) {
  const [open, setOpen] = useState<number | null>(null);
  const hasBoth = maps.weights.length > 1;
  const channel = maps.channels.find((one) => one.index === open);
  return (
    <>
      <div className={css.channels} role="group" aria-label={`Channels of ${maps.shown}`}>
        {maps.channels.map((one) => (
          <button key={one.index} type="button" className={css.channel} onClick={() => setOpen(one.index)}>
            <span className={css.pair}>
              {maps.weights.map((side) => {
                const picture = one.sides[side]?.picture;
                return picture ? <img key={side} src={pictureUrl(project, picture)} alt="" loading="lazy" /> : <span key={side} className={css.value}>{formatNumber(one.sides[side]?.mean)}</span>;
              })}
            </span>
            <span className={css.caption}>
              <span className="sr-only">Channel </span>
              {one.index}
              {hasBoth ? ` · ${changeText(one.change)}` : ""}
              {one.sides[maps.weights[maps.weights.length - 1] ?? "trained"]?.is_dead ? <Badge tone="warning">dead</Badge> : null}
            </span>
          </button>
        ))}
      </div>
      {channel ? (
        <Modal title={`${maps.shown}, channel ${channel.index}`} description={`${maps.image}; statistics over ${maps.num_images} images`} isOpen isWide onClose={() => setOpen(null)}>
          <Large project={project} maps={maps} channel={channel} />
        </Modal>
      ) : null}
    </>
  );
}

function Large({ project, maps, channel }: Props & { channel: ChannelMap }) {
  return (
    <div className={css.large}>
      {maps.weights.map((side) => {
        const picture = channel.sides[side]?.picture;
        return (
          <figure key={side}>
            <figcaption>{SIDE_WORDS[side]}</figcaption>
            {picture ? <img src={pictureUrl(project, picture)} alt={`Channel ${channel.index}, ${SIDE_WORDS[side]} weights`} /> : null}
            <dl className={css.stats}>
              {channelRows(channel, side).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </figure>
        );
      })}
      <p className={css.quiet}>
        One scale for both: dark is {formatNumber(channel.low)}, pale is {formatNumber(channel.high)}.
        {maps.weights.length > 1 ? ` Training: ${changeText(channel.change)}.` : ""}
      </p>
    </div>
  );
}
