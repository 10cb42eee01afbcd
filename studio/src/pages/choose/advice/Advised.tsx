import { Check } from "lucide-react";

import type { Advice } from "../../../api/types";
import { Button } from "../../../kit/Button";
import { Badge, Notice, type Tone } from "../../../kit/small";
import table from "../../../kit/table.module.css";
import { has, readingWords, settingWords, strategyWords, toStrategy, withChanges } from "../../../model/advice";
import { formatBytes, formatExact, formatSeconds } from "../../../model/format";
import { edit, useDoc } from "../../../store/doc";
import { say } from "../../../store/toast";
import css from "./advice.module.css";
import { AdviceMap } from "./AdviceMap";

const SAYS: Record<Advice["signals"][number]["says"], Tone> = {
  similar: "ok",
  unclear: "plain",
  different: "warning",
  ignored: "plain",
  unavailable: "plain",
};
const SURE: Record<Advice["confidence"], Tone> = { high: "ok", medium: "plain", low: "warning" };

/** An advice with its map, its reasons, and what it would set. */
export function Advised({ advice }: { advice: Advice }) {
  return (
    <>
      <div className={css.top}>
        <AdviceMap advice={advice} />
        <section className={css.verdict} aria-label="Advice">
          <h2>
            {strategyWords(advice.strategy)} <Badge tone={SURE[advice.confidence]}>{advice.confidence} confidence</Badge>
          </h2>
          <p className={css.quiet}>
            Cut after <code>{advice.cut}</code> of {advice.base}
          </p>
          <p>{advice.reason}</p>
          {advice.doubts.map((doubt) => (
            <Notice key={doubt} tone="warning">
              {doubt}
            </Notice>
          ))}
          <Changes advice={advice} />
        </section>
      </div>
      <Signals advice={advice} />
      <Costs advice={advice} />
      <p className={css.quiet}>
        {[...advice.notes, `Features of ${formatExact(advice.num_looked_at)} images were looked at; it took ${formatSeconds(advice.seconds)}.`].join(" ")}
      </p>
    </>
  );
}

function Changes({ advice }: { advice: Advice }) {
  const flow = useDoc((state) => state.flow);
  const open = advice.changes.filter((change) => !has(flow, change));
  const use = () => {
    edit("Use the advice", (now) => withChanges(now, advice.changes));
    say(`The flow has the advice now: ${open.map((change) => change.field.replaceAll("_", " ")).join(", ")}. Undo takes it back.`, { tone: "ok" });
  };
  return (
    <>
      {advice.changes.length ? (
        <table className={table.table}>
          <caption>Settings that come with it; all of them can be edited.</caption>
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Value</th>
              <th scope="col">Was</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {advice.changes.map((change) => (
              <tr key={`${change.node ?? ""}.${change.field}`}>
                <th scope="row">{change.field.replaceAll("_", " ")}</th>
                <td>{settingWords(change.value)}</td>
                <td>{settingWords(change.before)}</td>
                <td className={css.why}>{change.reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      <Button look="primary" whyNot={open.length ? null : "The flow is as advised."} onClick={use}>
        <Check size={14} aria-hidden /> {open.length ? "Use the advice" : "The flow is as advised"}
      </Button>
    </>
  );
}

function Signals({ advice }: { advice: Advice }) {
  return (
    <div className={css.scroll}>
      <table className={table.table}>
        <caption>Five signals of similarity to what the base was trained on. Never one number: where they disagree, the advice is doubtful.</caption>
        <thead>
          <tr>
            <th scope="col">Signal</th>
            <th scope="col" className={table.number}>
              Reading
            </th>
            <th scope="col">Similarity</th>
            <th scope="col">Says</th>
            <th scope="col">What it means</th>
          </tr>
        </thead>
        <tbody>
          {advice.signals.map((signal) => (
            <tr key={signal.name}>
              <th scope="row">{signal.title}</th>
              <td className={table.number}>{readingWords(signal.reading, signal.unit)}</td>
              <td>
                {signal.similarity === null ? (
                  <span className={css.quiet}>–</span>
                ) : (
                  <span className={css.meter} aria-label={`${signal.similarity.toFixed(2)} of 1`} role="img">
                    <span style={{ width: `${100 * signal.similarity}%` }} />
                  </span>
                )}
              </td>
              <td>
                <Badge tone={SAYS[signal.says]}>{signal.says}</Badge>
              </td>
              <td className={css.why}>{signal.words}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Costs({ advice }: { advice: Advice }) {
  const flow = useDoc((state) => state.flow);
  return (
    <div className={css.scroll}>
      <table className={table.table}>
        <caption>What each strategy would take on this machine with the flow’s recipe: estimates.</caption>
        <thead>
          <tr>
            <th scope="col">Strategy</th>
            <th scope="col">Cut after</th>
            <th scope="col" className={table.number}>
              Parameters that move
            </th>
            <th scope="col" className={table.number}>
              Time
            </th>
            <th scope="col" className={table.number}>
              Memory of a step
            </th>
            <th scope="col">
              <span className={css.hidden}>Use it</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {advice.strategies.map((row) => {
            const isAdvised = row.strategy === advice.strategy;
            const changes = isAdvised ? advice.changes : toStrategy(advice, row.strategy);
            const isSet = flow.nodes.find((node) => node.id === advice.node)?.settings["strategy"] === row.strategy;
            const use = () => {
              edit(`Use ${strategyWords(row.strategy)}`, (now) => withChanges(now, changes));
              say(`The flow trains ${strategyWords(row.strategy)} now. Undo takes it back.`, { tone: "ok" });
            };
            return (
              <tr key={row.strategy} data-advised={isAdvised || undefined}>
                <th scope="row">
                  {strategyWords(row.strategy)} {isAdvised ? <Badge tone="accent">advised</Badge> : null}
                </th>
                <td>
                  <code>{isAdvised ? advice.cut : row.cut}</code>
                </td>
                <td className={table.number}>{formatExact(row.trainable_parameters)}</td>
                <td className={table.number}>{formatSeconds(row.seconds)}</td>
                <td className={table.number}>{formatBytes(row.memory_bytes)}</td>
                <td className={css.act}>
                  <Button whyNot={isSet ? "The flow uses it." : null} aria-label={`Use ${strategyWords(row.strategy)}`} onClick={use}>
                    Use
                  </Button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
