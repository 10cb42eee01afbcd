import css from "./data.module.css";
import type { OpenData } from "./open";
import { Thumbnail } from "./Thumbnail";

type Props = { data: OpenData; name: string; onLarge: (key: string) => void; pixels?: number };

/** A small picture of an image that opens it large. */
export function PictureButton({ data, name, onLarge, pixels = 56 }: Props) {
  return (
    <button
      type="button"
      className={css.pictureButton}
      style={{ width: pixels, height: pixels }}
      title={name}
      aria-label={`Show ${name} large`}
      onClick={() => onLarge(name)}
    >
      <Thumbnail project={data.project} settings={data.settings} row={{ key: name }} pixels={pixels} alt="" />
    </button>
  );
}
