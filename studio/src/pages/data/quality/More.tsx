import { type ReactNode, useState } from "react";

import { Button } from "../../../kit/Button";
import { formatExact } from "../../../model/format";
import css from "./quality.module.css";

const STEP = 24;
type Props<T> = { items: readonly T[]; total: number; what: string; children: (item: T) => ReactNode };

/** Cards, some at a time. */
export function More<T>({ items, total, what, children }: Props<T>) {
  const [shown, setShown] = useState(STEP);
  const left = items.length - shown;
  return (
    <>
      <div className={css.cards}>{items.slice(0, shown).map(children)}</div>
      <div className={css.more}>
        {left > 0 ? <Button onClick={() => setShown(shown + STEP)}>Show {Math.min(STEP, left)} more</Button> : null}
        <span className={css.quiet}>
          {formatExact(Math.min(shown, items.length))} of {formatExact(total)} {what}
        </span>
      </div>
    </>
  );
}
