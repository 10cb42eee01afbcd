import { Button } from "../../../../kit/Button";
import type { Entry } from "../../../../model/embedding";
import { formatExact } from "../../../../model/format";
import { inkCss } from "../../../../model/ink";
import css from "./map.module.css";

type Props = {
  entries: readonly Entry[];
  hidden: ReadonlySet<number>;
  onHidden: (hidden: ReadonlySet<number>) => void;
  onChooseShown: () => void;
};

/** What the colors mean. A click hides or shows one of them; with Alt it alone is shown. */
export function MapLegend({ entries, hidden, onHidden, onChooseShown }: Props) {
  const there = entries.flatMap((entry, code) => (entry.count ? [{ ...entry, code }] : []));
  const toggle = (code: number, isAlone: boolean) => {
    const others = there.map((entry) => entry.code).filter((other) => other !== code);
    if (isAlone) return onHidden(others.every((other) => hidden.has(other)) && !hidden.has(code) ? new Set() : new Set(others));
    const next = new Set(hidden);
    if (!next.delete(code)) next.add(code);
    onHidden(next);
  };
  const isNone = there.every((entry) => hidden.has(entry.code));
  return (
    <div className={css.legendLine}>
      <ul className={css.legend} aria-label="Colors">
        {there.map(({ name, ink, count, code }) => (
          <li key={code}>
            <button
              type="button"
              className={css.entry}
              aria-pressed={!hidden.has(code)}
              title={hidden.has(code) ? `Show ${name}` : `Hide ${name}; with Alt show it alone`}
              onClick={(event) => toggle(code, event.altKey)}
            >
              <span className={css.swatch} style={{ background: inkCss(ink) }} aria-hidden />
              {name} <span className={css.quiet}>{formatExact(count)}</span>
            </button>
          </li>
        ))}
      </ul>
      <Button look="ghost" whyNot={hidden.size ? null : "All are shown."} onClick={() => onHidden(new Set())}>
        Show all
      </Button>
      <Button look="ghost" whyNot={isNone ? "None is shown." : null} onClick={onChooseShown}>
        Choose shown
      </Button>
    </div>
  );
}
