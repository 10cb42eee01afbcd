import { Flame, Snowflake } from "lucide-react";

import { formatBytes, formatCount, formatSeconds } from "../../model/format";
import css from "./base.module.css";
import type { Boundary } from "./useBoundary";

/** Frozen against trainable, and what the boundary's place costs. Follows the handle while it is dragged. */
export function Totals({ boundary, isCompact }: { boundary: Boundary; isCompact: boolean }) {
  const { sums, choice, choices, index, whyNoCosts, isCounting, isCode, isDragging, areCostsOld } = boundary;
  const total = Math.max(1, sums.frozen + sums.trainable);
  const cost = choice?.cost?.is_legal ? choice.cost : null;
  return (
    <div className={css.totals}>
      <div className={css.sums}>
        <span className={css.frozenSum}>
          <Snowflake size={13} aria-hidden /> {formatCount(sums.frozen)} frozen
        </span>
        <span className={css.trainableSum}>
          <Flame size={13} aria-hidden /> {formatCount(sums.trainable)} trainable
        </span>
      </div>
      <div className={css.bar} aria-hidden>
        <span className={css.barFrozen} style={{ flexGrow: sums.frozen / total }} />
        <span className={css.barTrainable} style={{ flexGrow: sums.trainable / total }} />
      </div>
      {cost ? (
        <dl className={css.costs} data-dragging={isDragging} data-old={areCostsOld} title={areCostsOld ? "Being measured anew after the last edit." : undefined}>
          <Cost name="cache" value={cost.cache_is_used ? formatBytes(cost.cache_bytes) : "none"} title={cost.cache_reason} />
          <Cost name="epoch" value={formatSeconds(cost.epoch_seconds)} title="One epoch of the main phase, its validation included." />
          <Cost name="training" value={formatSeconds(cost.estimated_seconds)} title="The whole training, as the plan estimates it." />
          {isCompact ? null : <Cost name="whole flow" value={`${formatCount(cost.trainable_parameters)} trainable`} title="Parameters of the whole flow that the main phase may move." />}
          {isCompact ? null : <Cost name="extraction" value={formatSeconds(cost.extract_seconds)} title="To compute what is stored, once." />}
        </dl>
      ) : (
        <p className={css.note}>{noCosts(isCode, isCounting, isCompact && whyNoCosts ? "Costs are told once the flow can be planned." : whyNoCosts, choices[index]?.whyNot ?? null)}</p>
      )}
    </div>
  );
}

function noCosts(isCode: boolean, isCounting: boolean, why: string | null, whyNot: string | null): string {
  if (whyNot) return whyNot;
  if (isCode) return "This is code: the boundary is kept as names of stages to freeze and to unfreeze.";
  return why ?? (isCounting ? "Measuring what each boundary costs…" : "Costs are not known yet.");
}

function Cost({ name, value, title }: { name: string; value: string; title: string }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
