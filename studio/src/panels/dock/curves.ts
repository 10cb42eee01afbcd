import type { Line } from "../../charts/lines";
import { VALIDATION_DASH } from "../../charts/lines";
import { lineLook } from "../../charts/theme";
import type { Plan } from "../../api/types";
import { labelOf } from "../../model/form";
import type { RunLog } from "../../model/runlog";
import { type Points, stepsOrMeans } from "../../model/series";
import { scoreWords } from "../../model/told";

/** Return the loss of a run: training as a full line, validation dashed. */
export function lossLines(log: RunLog): Line[] {
  return [
    drawn(trainPoints(log), "loss", "training", "--split-train"),
    line(log, "validation_loss", "validation", "--split-validation", VALIDATION_DASH),
  ].flat();
}

/** Return the training loss as far as it was told. */
export const trainPoints = (log: RunLog): Points => stepsOrMeans(log.column("loss"), log.column("train_loss"));

const OTHER_DASHES = [[2, 6], [2, 9], [2, 12]] as const;

/** Return all validation scores; the watched one first. */
export function scoreLines(log: RunLog, watched: string): Line[] {
  const names = log.names("score:").sort((a, b) => Number(b === watched) - Number(a === watched));
  return names.flatMap((name, index) => {
    const { color } = lineLook(index + 2);
    if (index === 0) return line(log, `score:${name}`, scoreWords(name), "--split-validation", VALIDATION_DASH);
    // Scores often run on top of each other: the others are thin dots, so that the watched one shows through.
    return line(log, `score:${name}`, scoreWords(name), color, OTHER_DASHES[index - 1] ?? [2, 8]).map((one) => ({ ...one, width: 1.5 }));
  });
}

/** Return one line for each name after a prefix. */
export function partLines(log: RunLog, prefix: string, lastShown = 24): Line[] {
  return log
    .names(prefix)
    .slice(0, lastShown)
    .flatMap((name, index) => {
      const { color, dash } = lineLook(index);
      return line(log, prefix + name, name, color, dash);
    });
}

/** Return what each loss term adds to the loss, as far as it was told. */
export function termLines(log: RunLog): Line[] {
  const names = [...new Set([...log.names("term_step:"), ...log.names("term:")])];
  return names.flatMap((name, index) => {
    const { color, dash } = lineLook(index);
    return drawn(stepsOrMeans(log.column(`term_step:${name}`), log.column(`term:${name}`)), `term:${name}`, labelOf(name), color, dash);
  });
}

/** Return an earlier run's curve beside others: thin, with its name. */
export function overlayLine(log: RunLog, column: string, label: string, index: number): Line[] {
  const { color, dash } = lineLook(index + 2);
  return line(log, column, label, color, column === "loss" ? dash : VALIDATION_DASH).map((one) => ({
    ...one,
    key: `${label}/${column}`,
    width: 1.1,
  }));
}

export const line = (log: RunLog, column: string, label: string, color: string, dash?: readonly number[]): Line[] =>
  drawn(log.column(column), column, label, color, dash);

function drawn(points: Points | undefined, key: string, label: string, color: string, dash?: readonly number[]): Line[] {
  if (!points?.xs.length) return [];
  return [{ key, label, color, xs: points.xs, ys: points.ys, ...(dash?.length ? { dash } : {}) }];
}

export type Part = { name: string; isFrozen: boolean };

/** Join neighbors that are frozen into one part, "stem … blocks.4": there is nothing to see in each of them. */
export function withFrozenJoined(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  let first = "";
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.isFrozen && last?.isFrozen) joined[joined.length - 1] = { name: `${first} … ${part.name}`, isFrozen: true };
    else {
      first = part.name;
      joined.push(part);
    }
  }
  return joined;
}

/** Return the parts of a network in order, as the plan has them: stages of the base, then added nodes. */
export function partsOf(plan: Plan | null, log: RunLog): Part[] {
  if (!plan) return log.names("gradient:").map((name) => ({ name, isFrozen: false }));
  const stages = plan.stages.map((stage) => ({
    name: stage.name,
    isFrozen: (stage.num_trainable ?? (stage.is_frozen ? 0 : stage.num_parameters)) === 0,
  }));
  const known = new Set(stages.map((stage) => stage.name));
  const moving = [...new Set([...log.names("movement:"), ...log.names("gradient:"), ...log.names("learning_rate:")])];
  return [...stages, ...moving.filter((name) => !known.has(name)).map((name) => ({ name, isFrozen: false }))];
}
