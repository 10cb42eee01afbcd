import { Suspense, useMemo, useState } from "react";

import type { RunCard, RunRecord } from "../../api/types";
import { Confusion } from "../../charts/Confusion";
import { lazily } from "../../kit/lazily";
import { Busy, Empty } from "../../kit/small";
import { type Cell, type PredictionQuestion, cellQuestion } from "../../model/confusion";
import { formatPlural } from "../../model/format";
import { PredictionGrid } from "./PredictionGrid";
import css from "./results.module.css";

const NumbersMap = lazily(() => import("./NumbersMap"));

type Split = "test" | "validation";
type Props = { project: string; card: RunCard; record: RunRecord };

/** The confusion matrix, and the images of the cell that is chosen. */
export function ConfusionView({ project, card, record }: Props) {
  const splits = (["test", "validation"] as const).filter((one) => record.metrics[one]);
  const [split, setSplit] = useState<Split>(splits[0] ?? "test");
  const [isNormalized, setNormalized] = useState(false);
  const [cell, setCell] = useState<Cell | null>(null);
  const scores = record.metrics[split];
  const classes = useMemo(
    () => (scores?.kind === "category" ? scores.classes.map((one) => one.name) : []),
    [scores],
  );
  const question = useMemo(() => (cell ? cellQuestion(classes, cell, split) : mistakes(split)), [classes, cell, split]);
  if (!scores) return <Empty title="No scores yet"><p>The confusion matrix appears when the run ends.</p></Empty>;
  if (scores.kind === "number") {
    return (
      <Suspense fallback={<Busy what="Opening…" />}>
        <NumbersMap project={project} card={card} record={record} />
      </Suspense>
    );
  }
  if (scores.kind !== "category") {
    return <Empty title="No confusion matrix"><p>It is for runs with one class per image; this one answers by {KINDS[scores.kind]}.</p></Empty>;
  }
  const count = cell ? (scores.confusion[cell.row]?.[cell.column] ?? 0) : 0;
  return (
    <div className={css.confusion}>
      <div className={css.matrixBox}>
        <div className={css.tools}>
          <select aria-label="Split" className={css.select} value={split} onChange={(event) => (setSplit(event.target.value as Split), setCell(null))}>
            {splits.map((one) => (
              <option key={one} value={one}>
                {one === "test" ? "Test images" : "Validation images"}
              </option>
            ))}
          </select>
          <label className={css.check}>
            <input type="checkbox" checked={isNormalized} onChange={(event) => setNormalized(event.target.checked)} />
            Share of each row
          </label>
        </div>
        <div className={css.scroll}>
          <Confusion classes={classes} counts={scores.confusion} isNormalized={isNormalized} selected={cell} onSelect={setCell} />
        </div>
      </div>
      <div className={css.images}>
        {cell ? (
          <h3>
            {classes[cell.row]} → {classes[cell.column]}{" "}
            <span className={css.quiet}>
              {formatPlural(count, "image")}
              {cell.row === cell.column ? ", right" : ""}
            </span>
          </h3>
        ) : (
          <h3>
            All mistakes <span className={css.quiet}>Choose a cell to see its images alone. Arrow keys move, Enter chooses.</span>
          </h3>
        )}
        <PredictionGrid key={JSON.stringify(question)} project={project} card={card} classes={classes} question={question} />
      </div>
    </div>
  );
}

const mistakes = (split: Split): PredictionQuestion => ({ split, only: "wrong", sort: "loss", descending: true });

const KINDS = { number: "numbers", tags: "tags", mask: "a mask", anomaly: "how odd an image is" };
