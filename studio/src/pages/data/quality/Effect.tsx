import { useMutation } from "@tanstack/react-query";
import { FlaskConical } from "lucide-react";

import type { DataFix, FixEffect } from "../../../api/types";
import { IntervalBar } from "../../../charts/IntervalBar";
import { Button } from "../../../kit/Button";
import { Busy } from "../../../kit/small";
import table from "../../../kit/table.module.css";
import { formatExact, formatPercent, formatPlural } from "../../../model/format";
import { points, reach, verdict } from "../../../model/quality";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { measure } from "../../../store/quality";
import { fix } from "../acts";
import type { QualityProps } from "./Quality";
import css from "./quality.module.css";

/** What can be done about all findings of a kind at once, and what it gives: measured before or after it is done. */
export function Effect({ data, found }: Omit<QualityProps, "onLarge">) {
  const { mutate, data: effect, error, isPending, variables } = useMutation({
    mutationFn: (wanted: DataFix | null) => measure(data.project, data.flow, wanted),
  });
  const busy = isPending ? "An effect is being measured." : data.isBehind ? "The data is being read again." : null;
  const num = data.excluded.size + Object.keys(data.relabel).length;
  return (
    <div className={css.effects}>
      {found.fixes.map((proposed) => {
        const whyDone = isDone(proposed, data.excluded, data.relabel) ? "It is done." : null;
        return (
          <article key={proposed.id} className={css.fix} aria-label={proposed.title}>
            <div>
              <h3>{proposed.title}</h3>
              <p className={css.quiet}>{proposed.detail}</p>
            </div>
            <div className={css.acts}>
              <Button whyNot={whyDone ?? busy} onClick={() => mutate(upon(proposed, data.excluded, data.relabel))}>
                <FlaskConical size={13} aria-hidden /> Measure
              </Button>
              <Button look="primary" whyNot={whyDone ?? busy} onClick={() => fix(data.node.id, upon(proposed, data.excluded, data.relabel))}>
                Apply
              </Button>
            </div>
          </article>
        );
      })}
      <div className={css.measure}>
        <Button whyNot={num ? busy : "Nothing is corrected yet."} onClick={() => mutate(null)}>
          <FlaskConical size={13} aria-hidden /> Measure the effect of the corrections
        </Button>
        <span className={css.quiet}>A linear probe on stored features, fitted before and after; labels that are scored stay as they were.</span>
      </div>
      {isPending ? <Busy what={variables ? `Measuring: ${variables.title}…` : "Measuring the corrections…"} /> : null}
      {error ? <RefusalNotice error={error} /> : null}
      {effect && !isPending ? <Measured effect={effect} /> : null}
    </div>
  );
}

type Relabel = Readonly<Record<string, string>>;
type Changes = { exclude?: string[]; relabel?: Record<string, string> };

const isDone = ({ changes }: DataFix, excluded: ReadonlySet<string>, relabel: Relabel): boolean =>
  ((changes as Changes).exclude ?? []).every((key) => excluded.has(key)) &&
  Object.entries((changes as Changes).relabel ?? {}).every(([key, label]) => relabel[key] === label);

/** A fix on top of what was corrected since it was proposed. */
function upon(proposed: DataFix, excluded: ReadonlySet<string>, relabel: Relabel): DataFix {
  const { exclude, relabel: labels } = proposed.changes as Changes;
  const changes = {
    ...(exclude ? { exclude: [...new Set([...excluded, ...exclude])] } : {}),
    ...(labels ? { relabel: { ...relabel, ...labels } } : {}),
  };
  return { ...proposed, changes };
}

function Measured({ effect }: { effect: FixEffect }) {
  const half = reach(effect.changes);
  return (
    <div className={css.measured} role="status">
      <table className={table.table}>
        <caption>
          {effect.what}: {formatPlural(effect.num_changed, "training image")} {effect.num_changed === 1 ? "changes" : "change"}. Accuracy of a probe; differences in points, image by image, with
          95 % intervals.
        </caption>
        <thead>
          <tr>
            <th scope="col">Split</th>
            <th scope="col" className={table.number}>Before</th>
            <th scope="col" className={table.number}>After</th>
            <th scope="col" className={table.number}>Difference</th>
            <th scope="col">95 % interval</th>
            <th scope="col">So it is</th>
          </tr>
        </thead>
        <tbody>
          {effect.changes.map((change) => {
            const { value, low, high } = change.difference;
            const words = `${points(value)} points, ${points(low)} to ${points(high)}`;
            return (
              <tr key={change.split}>
                <th scope="row">
                  {change.split} ({formatExact(change.num_images)})
                </th>
                <td className={table.number}>{formatPercent(change.before.value)}</td>
                <td className={table.number}>{formatPercent(change.after.value)}</td>
                <td className={table.number}>{points(value)}</td>
                <td>
                  <span className={css.interval}>
                    <IntervalBar interval={change.difference} from={-half} to={half} baseline={0} words={words} />
                    <span className={css.quiet}>
                      {points(low)} to {points(high)}
                    </span>
                  </span>
                </td>
                <td>{verdict(change)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {effect.notes.map((note) => (
        <p key={note} className={css.quiet}>
          {note}
        </p>
      ))}
    </div>
  );
}
