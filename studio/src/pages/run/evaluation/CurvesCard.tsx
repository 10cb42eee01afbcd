import { useMemo, useState } from "react";

import type { PartScore } from "../../../api/types";
import { UnitPlot } from "../../../charts/UnitPlot";
import { lineLook } from "../../../charts/theme";
import { type CurveKind, type Plotted, MOST_CURVES, areaOf, curvePoints, hardest } from "../../../model/evaluation";
import { formatNumber } from "../../../model/format";
import { Card } from "../Card";
import css from "./evaluation.module.css";

const noCurve = "No curve is defined: it wants images that belong to a class and images that do not.";

/** ROC and precision-recall curves of chosen classes or tags, each against all others. */
export function CurvesCard({ parts, what }: { parts: readonly PartScore[]; what: string }) {
  const first = useMemo(() => hardest(parts), [parts]);
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  const shown = chosen ?? first;
  const draw = (kind: CurveKind): Plotted[] =>
    shown.flatMap((name, index) => {
      const part = parts.find((one) => one.name === name);
      const area = part ? areaOf(part, kind) : null;
      if (!part || !part[kind].x.length || !area) return [];
      const { color, dash } = lineLook(index);
      const words = `${name} ${formatNumber(area.value)} (${formatNumber(area.low)} to ${formatNumber(area.high)})`;
      return [{ key: name, label: words, color, dash, points: curvePoints(part, kind) }];
    });
  const toggle = (name: string) => setChosen(shown.includes(name) ? shown.filter((one) => one !== name) : [...shown, name].slice(-MOST_CURVES));
  return (
    <Card title="Curves">
      {parts.length > 1 ? (
        <div className={css.chips} role="group" aria-label={`Shown ${what}`}>
          {parts.map((part) => (
            <button key={part.name} type="button" className={css.chip} aria-pressed={shown.includes(part.name)} title={part.reason ?? undefined} onClick={() => toggle(part.name)}>
              {part.name}
            </button>
          ))}
        </div>
      ) : null}
      {parts.length > MOST_CURVES ? <p className={css.quiet}>At first the {MOST_CURVES} that are hardest to tell; no more than {MOST_CURVES} at a time.</p> : null}
      <div className={css.pair}>
        <UnitPlot title="ROC" xWords="False positive rate" yWords="True positive rate" drawn={draw("roc")} hasDiagonal empty={noCurve} />
        <UnitPlot title="Precision and recall" xWords="Recall" yWords="Precision" drawn={draw("precision_recall")} empty={noCurve} />
      </div>
      <p className={css.quiet}>Beside each name: the area under the ROC curve, and the average precision, with 95 % intervals.</p>
    </Card>
  );
}
