import type { NearImage } from "../../../api/types";
import { formatNumber } from "../../../model/format";
import css from "../data.module.css";
import type { OpenData } from "../open";
import { PictureButton } from "../PictureButton";

/** The nearest images, as the base sees them. */
export function Near({ data, near, onLarge }: { data: OpenData; near: readonly NearImage[]; onLarge: (key: string) => void }) {
  return (
    <div className={css.strip}>
      {near.map((image) => (
        <figure key={image.key}>
          <PictureButton data={data} name={image.key} onLarge={onLarge} />
          <figcaption title={`${image.key}, similarity ${formatNumber(image.similarity)}`}>{image.label.join(", ") || "–"}</figcaption>
        </figure>
      ))}
    </div>
  );
}
