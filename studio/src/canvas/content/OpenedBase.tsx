import { memo } from "react";

import { Refusal } from "../../api/client";
import { Busy } from "../../kit/small";
import { useView } from "../../store/view";
import css from "./base.module.css";
import { BoundaryKeys } from "./BoundaryKeys";
import { NotOpened } from "./NotOpened";
import { StageList } from "./StageList";
import { Totals } from "./Totals";
import { useBoundary } from "./useBoundary";

/** The base inside a node, small: stages, boundary, totals. Code that holds no base shows nothing. */
export const OpenedBase = memo(function OpenedBase({ node }: { node: string }) {
  const boundary = useBoundary(node);
  const isSelected = useView((state) => state.selection.length === 1 && state.selection[0] === node);
  const { card, error, isBusy, isCode, again } = boundary;
  if (card)
    return (
      <section className={css.base} aria-label={`What is inside ${card.title}`}>
        <StageList boundary={boundary} isCompact />
        <Totals boundary={boundary} isCompact />
        {isSelected ? <BoundaryKeys boundary={boundary} /> : null}
      </section>
    );
  if (isCode && error instanceof Refusal && error.kind !== "NotTrusted") return null;
  if (error) return <NotOpened error={error} onRetry={again} />;
  return isBusy && !isCode ? (
    <div className={css.busy}>
      <Busy what="Opening the base…" />
    </div>
  ) : null;
});
