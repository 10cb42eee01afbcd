import { formatPercent } from "../../model/format";
import css from "./content.module.css";

type Props = { shares: Record<string, number>; colors: Record<string, string>; limit?: number };

/** Classes of a mask with their colors and their shares of the pixels. */
export function Legend({ shares, colors, limit = 8 }: Props) {
  const names = Object.keys(shares).sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0));
  return (
    <div className={css.legend}>
      {names.slice(0, limit).map((name) => (
        <span key={name}>
          <i className={css.swatch} style={{ background: colors[name] }} aria-hidden />
          {name} {formatPercent(shares[name])}
        </span>
      ))}
      {names.length > limit ? <span>and {names.length - limit} more</span> : null}
    </div>
  );
}
