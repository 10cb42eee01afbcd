import { Suspense, type SyntheticEvent, memo, useState } from "react";

import type { PreviewDocument } from "../../api/types";
import { lazily } from "../../kit/lazily";
import { pictureUrl } from "../../model/views";
import css from "./content.module.css";
import { Legend } from "./Legend";
import { ViewTile } from "./ViewTile";

const PreviewModal = lazily(() => import("./PreviewModal").then((file) => ({ default: file.PreviewModal })));

type Props = { project: string; node: string; document: PreviewDocument; isOld: boolean };

/** All samples of a preview, small; a click opens one large. */
export const PreviewTiles = memo(function PreviewTiles({ project, node, document, isOld }: Props) {
  const [opened, setOpened] = useState<number | null>(null);
  const { samples, custom } = document;
  const mask = samples.find((sample) => sample.view.view === "mask")?.view;
  return (
    <div className={css.shown} data-old={isOld}>
      <div className={css.tiles} data-count={samples.length}>
        {samples.map((sample, at) => (
          <ViewTile key={sample.key} project={project} sample={sample} onOpen={() => setOpened(at)} />
        ))}
      </div>
      {mask?.view === "mask" ? <Legend shares={mask.shares} colors={mask.colors} limit={5} /> : null}
      {custom ? (
        <div className={css.tiles} data-count={Object.keys(custom.pictures).length}>
          {Object.entries(custom.pictures).map(([name, picture]) => (
            <figure key={name} className={css.tile} style={{ margin: 0 }}>
              <img className={css.maps} src={pictureUrl(project, picture)} alt={`${name}, drawn by the code`} loading="lazy" />
              <figcaption className={css.caption}>{name}</figcaption>
            </figure>
          ))}
        </div>
      ) : null}
      {custom?.error ? <div className={css.problem}>The preview of the code failed: {custom.error}</div> : null}
      {opened !== null ? (
        // What happens in the dialog is not meant for the node that it was opened from.
        <div style={{ display: "contents" }} onKeyDown={stop} onClick={stop} onDoubleClick={stop} onPointerDown={stop} onContextMenu={stop}>
          <Suspense fallback={null}>
            <PreviewModal node={node} document={document} at={opened} onMove={setOpened} onClose={() => setOpened(null)} />
          </Suspense>
        </div>
      ) : null}
    </div>
  );
});

const stop = (event: SyntheticEvent): void => event.stopPropagation();
