import { useState } from "react";

import type { Evaluation, RunCard } from "../../../api/types";
import type { PredictionQuestion } from "../../../model/confusion";
import { PredictionGrid } from "../../../panels/dock/PredictionGrid";
import { Card } from "../Card";
import css from "./evaluation.module.css";

type Props = { project: string; card: RunCard; found: Evaluation; classes: readonly string[] };
type Order = Pick<PredictionQuestion, "only" | "sort" | "descending">;

const OF_ANSWERS: readonly (readonly [string, Order])[] = [
  ["Wrong and sure of it", { only: "wrong", sort: "confidence", descending: true }],
  ["Most uncertain (entropy)", { only: "all", sort: "entropy", descending: true }],
  ["Two answers nearly equal (margin)", { only: "all", sort: "margin", descending: false }],
];
const OF_NUMBERS: typeof OF_ANSWERS = [["Farthest off", { only: "all", sort: "loss", descending: true }]];
const OF_ODD: typeof OF_ANSWERS = [
  ["Oddest", { only: "all", sort: "confidence", descending: true }],
  ["Most normal", { only: "all", sort: "confidence", descending: false }],
];

/** The images to look at first. */
export function MistakesCard({ project, card, found, classes }: Props) {
  const orders = found.kind === "number" ? OF_NUMBERS : found.kind === "anomaly" ? OF_ODD : OF_ANSWERS;
  const [chosen, setChosen] = useState(0);
  const [words, order] = orders[chosen] ?? orders[0] ?? ["", { only: "all", sort: "loss", descending: true }];
  const question: PredictionQuestion = { split: found.split, ...(found.on ? { on: found.on } : {}), ...order };
  return (
    <Card
      title="Images to look at"
      aside={
        orders.length > 1 ? (
          <select aria-label="Which images" className={css.select} value={chosen} onChange={(event) => setChosen(Number(event.target.value))}>
            {orders.map(([name], index) => (
              <option key={name} value={index}>
                {name}
              </option>
            ))}
          </select>
        ) : (
          <span className={css.quiet}>{words}</span>
        )
      }
    >
      <div className={css.images}>
        <PredictionGrid key={JSON.stringify(question)} project={project} card={card} classes={classes} question={question} />
      </div>
    </Card>
  );
}
