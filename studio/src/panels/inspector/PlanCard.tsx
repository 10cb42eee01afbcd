import { Flame, Snowflake } from "lucide-react";

import type { Plan } from "../../api/types";
import { TimelineChart } from "../../charts/TimelineChart";
import { Button } from "../../kit/Button";
import { Busy, Notice } from "../../kit/small";
import { formatBytes, formatCount, formatExact, formatPlural, formatSeconds } from "../../model/format";
import { timelineOf } from "../../model/timeline";
import { phaseWords, planCounts } from "../../model/told";
import { splitWord } from "../../model/views";
import { RefusalNotice } from "../RefusalNotice";
import css from "./inspector.module.css";
import { usePlan } from "./usePlan";

/** What running the flow would do: phases, what moves, what is stored, how long it takes. */
export function PlanCard() {
  const { plan, error, isBusy, isOld, whyNot, planNow } = usePlan();
  return (
    <section className={css.section} aria-label="Plan">
      <div className={css.sectionHead}>
        <h3>Plan</h3>
        <Button onClick={planNow} whyNot={whyNot ?? (isBusy ? "It is being made." : null)}>
          {plan ? "Plan again" : "Plan now"}
        </Button>
      </div>
      {whyNot ? <p className={css.text}>{whyNot}</p> : null}
      {isBusy ? <Busy what="Planning…" /> : null}
      {error && !isBusy && !whyNot ? <RefusalNotice error={error} onRetry={planNow} retryWords="Plan again" /> : null}
      {plan && !whyNot ? <Facts plan={plan} isOld={isOld} /> : null}
    </section>
  );
}

function Facts({ plan, isOld }: { plan: Plan; isOld: boolean }) {
  const { frozen, trainable } = planCounts(plan);
  const images = Object.entries(plan.num_images).map(([split, number]) => `${formatExact(number)} ${splitWord(split)}`);
  return (
    <>
      {isOld ? <p className={css.text}>Of the flow before the last edit.</p> : null}
      <div className={css.totals}>
        <span className={css.frozen}>
          <Snowflake size={14} aria-hidden />
          {formatCount(frozen)} frozen
        </span>
        <span className={css.trainable}>
          <Flame size={14} aria-hidden />
          {formatCount(trainable)} trainable
        </span>
      </div>
      <div className={css.bar} aria-hidden>
        <div style={{ width: `${(100 * frozen) / Math.max(1, frozen + trainable)}%` }} />
      </div>
      <dl className={css.facts}>
        <dt>Time</dt>
        <dd>about {formatSeconds(plan.estimated_seconds)}</dd>
        {plan.phases.map((phase) => (
          <Phase key={phase.name} phase={phase} />
        ))}
        <dt>Feature cache</dt>
        <dd title={plan.cache.reason}>
          {plan.cache.is_used
            ? `${formatBytes(plan.cache.bytes)}, ${formatPlural(plan.cache.rows, "row")}`
            : `Not used. ${plan.cache.reason}`}
        </dd>
        <dt>Images</dt>
        <dd>{images.join(" · ")}</dd>
        <dt>Strategy</dt>
        <dd>
          {plan.strategy.replaceAll("_", " ")}; frozen up to {plan.cut}
        </dd>
        <dt>Computed</dt>
        <dd>
          {plan.compute.device}, {plan.compute.precision}, {formatPlural(plan.compute.num_threads, "thread")}
        </dd>
      </dl>
      {plan.phases.length > 1 || plan.phases.some((phase) => phase.unfreezing.length) ? (
        <TimelineChart title="What is trained in which epoch" timeline={timelineOf(plan)} />
      ) : null}
      {plan.notes.map((note) => (
        <Notice key={note} tone="info">
          {note}
        </Notice>
      ))}
    </>
  );
}

function Phase({ phase }: { phase: Plan["phases"][number] }) {
  const rates = [...new Set(phase.groups.map((group) => group.learning_rate))].sort((a, b) => b - a);
  return (
    <>
      <dt>{phaseWords(phase.name)}</dt>
      <dd>
        {formatPlural(phase.epochs, "epoch")}, reads {phase.from_cache ? "stored features" : "images"}
        {rates.length ? `, learning rate ${rates.length > 1 ? `${rates[0]} to ${rates.at(-1)}` : rates[0]}` : ""}
      </dd>
    </>
  );
}
