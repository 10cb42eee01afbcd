import { useState } from "react";

import type { NeighborList } from "../../api/types";
import { formatExact, formatPercent } from "../../model/format";
import { sideFor, thumbnailUrl } from "../../model/thumbnails";
import css from "./neighbors.module.css";

type Props = {
  project: string;
  settings: Record<string, unknown> | undefined;
  found: NeighborList;
  /** Opens a neighbor; without it they are only shown. */
  onOpen?: ((key: string) => void) | undefined;
};

/** The training images nearest to one, each with its label and how far it is. */
export function NeighborStrip({ project, settings, found, onOpen }: Props) {
  const share = found.same_class;
  return (
    <div className={css.near}>
      <p className={css.quiet}>
        The nearest of {formatExact(found.num_searched)} training images, by the angle between their features: 0 is alike, 1 is unrelated.
        {share ? ` ${formatPercent(share.value, 0)} have the same label (95 %: ${formatPercent(share.low, 0)} to ${formatPercent(share.high, 0)}).` : ""}
      </p>
      <ol className={css.strip} aria-label="Nearest training images">
        {found.neighbors.map((one) => (
          <Near key={one.key} project={project} settings={settings} one={one} isSame={found.label === null ? null : one.label === found.label} onOpen={onOpen} />
        ))}
      </ol>
    </div>
  );
}

type NearProps = Omit<Props, "found"> & { one: NeighborList["neighbors"][number]; isSame: boolean | null };

function Near({ project, settings, one, isSame, onOpen }: NearProps) {
  const [isGone, setGone] = useState(false);
  const distance = one.distance.toFixed(3);
  const picture =
    settings && !isGone ? (
      <img src={thumbnailUrl(project, settings, one, sideFor(92, devicePixelRatio))} alt="" loading="lazy" onError={() => setGone(true)} />
    ) : (
      <span className={css.gone}>{isGone ? "The image is not there any more" : ""}</span>
    );
  const words = (
    <>
      {picture}
      <span className={css.label} data-other={isSame === false || undefined}>
        {one.label ?? "no label"}
        {isSame === false ? <span className="sr-only"> (another label)</span> : null}
      </span>
      <span className={css.quiet}>{distance}</span>
    </>
  );
  return (
    <li>
      {onOpen ? (
        <button type="button" className={css.one} title={one.key} aria-label={`${one.key}, label ${one.label ?? "none"}, distance ${distance}. Open.`} onClick={() => onOpen(one.key)}>
          {words}
        </button>
      ) : (
        <span className={css.one} title={one.key}>
          {words}
        </span>
      )}
    </li>
  );
}
