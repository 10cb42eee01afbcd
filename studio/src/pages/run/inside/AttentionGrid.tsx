import type { MapsDocument } from "../../../api/types";
import { SIDE_WORDS } from "../../../model/one_image";
import { pictureUrl } from "../../../model/views";
import css from "./inside.module.css";

/** Where each head of a transformer's layer looks. */
export function AttentionGrid({ project, maps }: { project: string; maps: MapsDocument }) {
  if (maps.attention.length === 0) return null;
  return (
    <section aria-label="Attention">
      <h3>Where the heads look</h3>
      <p className={css.quiet}>From the class token, or from all tokens on average where there is none.</p>
      <div className={css.channels}>
        {maps.attention.map((one) => (
          <figure key={`${one.layer}-${one.head}`} className={css.channel}>
            <span className={css.pair}>
              {maps.weights.map((side) => {
                const picture = one.sides[side];
                return picture ? <img key={side} src={pictureUrl(project, picture)} alt={`Head ${one.head}, ${SIDE_WORDS[side]} weights`} /> : null;
              })}
            </span>
            <figcaption className={css.caption}>
              {maps.attention.some((other) => other.layer !== one.layer) ? `layer ${one.layer}, ` : ""}head {one.head}
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}
