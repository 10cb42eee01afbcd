import { Flame, Snowflake } from "lucide-react";
import { memo } from "react";

import { Badge } from "../../kit/small";
import { formatBytes, formatCount, formatExact, formatSeconds } from "../../model/format";
import type { RunLog } from "../../model/runlog";
import { phaseWords, planCounts } from "../../model/told";
import css from "./dock.module.css";

/** What the run set out to do: how much is frozen, what is stored, in which phases. */
export const PlanSummary = memo(function PlanSummary({ log }: { log: RunLog | null; version: number }) {
  const plan = log?.plan;
  if (!plan) return <p className={css.quiet}>The plan appears here once the run has looked at its images.</p>;
  const { frozen, trainable } = planCounts(plan);
  const share = frozen + trainable > 0 ? (100 * frozen) / (frozen + trainable) : 0;
  return (
    <section className={css.plan} aria-label="Plan">
      <div className={css.planCounts}>
        <Badge tone="frozen" title={`${formatExact(frozen)} parameters`}>
          <Snowflake size={11} aria-hidden /> {formatCount(frozen)} frozen
        </Badge>
        <Badge tone="trainable" title={`${formatExact(trainable)} parameters`}>
          <Flame size={11} aria-hidden /> {formatCount(trainable)} trainable
        </Badge>
      </div>
      <div className={css.split} aria-hidden>
        <span style={{ width: `${share}%` }} />
      </div>
      <dl className={css.list}>
        <dt>Frozen up to</dt>
        <dd>{plan.cut === "input" ? "nothing" : plan.cut}</dd>
        <dt>Stored</dt>
        <dd title={plan.cache.reason}>
          {plan.cache.is_used ? `${formatBytes(plan.cache.bytes)}, ${formatExact(plan.cache.rows)} rows` : "nothing"}
        </dd>
        {plan.phases.map((phase) => (
          <div key={phase.name} className={css.pair}>
            <dt>{phaseWords(phase.name)}</dt>
            <dd>
              {phase.epochs} epochs{phase.from_cache ? ", from stored features" : ""}
            </dd>
          </div>
        ))}
        <dt>Expected</dt>
        <dd>{formatSeconds(plan.estimated_seconds)}</dd>
      </dl>
    </section>
  );
});
