import { useState } from "react";

import type { Calibration, Evaluation, ScoreHistogram } from "../../../api/types";
import { StackedHistogram } from "../../../charts/StackedHistogram";
import { UnitPlot } from "../../../charts/UnitPlot";
import { type Binning, reliability, temperatureWords } from "../../../model/evaluation";
import { formatNumber } from "../../../model/format";
import { intervalWords } from "../../../model/scores";
import { Card } from "../Card";
import css from "./evaluation.module.css";

const ROWS = [
  ["log_loss", "Log loss"],
  ["brier", "Brier score"],
  ["ece_width", "ECE, bins of equal width"],
  ["ece_mass", "ECE, bins of equal numbers"],
  ["ece_classwise", "ECE, mean over classes"],
] as const;

/** Whether probabilities can be taken at their word, and whether one temperature makes them honest. */
export function CalibrationCard({ calibration, confidence }: { calibration: Calibration; confidence: Evaluation["confidence"] }) {
  const [binning, setBinning] = useState<Binning>("width");
  const { before, after } = calibration;
  return (
    <Card title="Calibration">
      <div className={css.pair}>
        <UnitPlot
          title="How sure, how often right"
          xWords={calibration.of === "each tag" ? "Probability of the tag" : "Confidence"}
          yWords={calibration.of === "each tag" ? "Share that has it" : "Share that is right"}
          drawn={reliability(calibration, binning)}
          hasDiagonal
          empty="There is nothing to show."
          aside={
            <select aria-label="Bins" className={css.select} value={binning} onChange={(event) => setBinning(event.target.value as Binning)}>
              <option value="width">Bins of equal width</option>
              <option value="mass">Bins of equal numbers</option>
            </select>
          }
        />
        <div className={css.column}>
          <table className={css.table}>
            <caption>Lower is better; 95 % intervals. ECE: expected calibration error, {calibration.num_bins} bins.</caption>
            <thead>
              <tr>
                <th scope="col">Measure</th>
                <th scope="col">As it is</th>
                {after ? <th scope="col">After scaling</th> : null}
              </tr>
            </thead>
            <tbody>
              {ROWS.map(([name, words]) => (
                <tr key={name}>
                  <th scope="row">{words}</th>
                  <td>{intervalWords("loss", before[name])}</td>
                  {after ? <td>{intervalWords("loss", after[name])}</td> : null}
                </tr>
              ))}
              <tr>
                <th scope="row">ECE by chance alone</th>
                <td>{formatNumber(before.ece_by_chance)}</td>
                {after ? <td>{formatNumber(after.ece_by_chance)}</td> : null}
              </tr>
            </tbody>
          </table>
          <p className={css.quiet}>
            {temperatureWords(calibration)} {calibration.note}
          </p>
          <p className={css.quiet}>By chance alone: what as few images would show if the probabilities were exactly right.</p>
          {confidence ? <ConfidenceBars confidence={confidence} /> : null}
        </div>
      </div>
    </Card>
  );
}

const COLORS: Record<string, string> = { right: "--accent", normal: "--accent", wrong: "--error", odd: "--error" };

/** Images by how sure the run was, or of anomalies by score. */
export function ConfidenceBars({ confidence, xWords = "Probability of what was predicted" }: { confidence: ScoreHistogram; xWords?: string }) {
  const layers = Object.entries(confidence.counts).map(([name, counts]) => ({ name, counts, color: COLORS[name] ?? "--control" }));
  return <StackedHistogram title="Images by confidence" low={confidence.low} high={confidence.high} xWords={xWords} layers={layers} />;
}
