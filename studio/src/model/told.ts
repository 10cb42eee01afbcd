/** The story of a run: its events in words. */
import type { RunEvent } from "../api/types";
import { formatCount, formatExact, formatNumber, formatPercent, formatSeconds } from "./format";

export type Told = { time: number; level: "info" | "warning" | "error" | "ok"; kind: RunEvent["kind"]; text: string };

const PHASES: Record<string, string> = {
  preparing: "Preparing",
  extraction: "Reading images through the frozen part",
  probe: "Training the head",
  main: "Training",
  scoring: "Scoring",
  ended: "Ended",
};

/** Return the name of a phase in words. */
export const phaseWords = (phase: string): string => PHASES[phase] ?? phase;

/** Return an event in words; null for those that curves and bars show. */
export function tell(event: RunEvent, time: number): Told | null {
  const told = words(event);
  return told ? { time, kind: event.kind, ...told } : null;
}

type Words = { level: Told["level"]; text: string };
const info = (text: string): Words => ({ level: "info", text });

function words(event: RunEvent): Words | null {
  switch (event.kind) {
    case "run_started":
      return info("The run began.");
    case "run_resumed":
      return info(event.phase ? `Goes on in ${phaseWords(event.phase).toLowerCase()}, epoch ${event.epoch}.` : "Goes on.");
    case "data_ready":
      return info(
        `Images: ${Object.entries(event.num_images)
          .map(([split, number]) => `${formatExact(number)} ${split}`)
          .join(", ")}${event.classes.length ? ` · ${event.classes.length} classes` : ""}.`,
      );
    case "plan_made":
      return info(planWords(event.plan));
    case "extraction_progress":
      return event.done >= event.total
        ? info(`Outputs at the freeze boundary: ${formatExact(event.total)} computed, ${formatExact(event.found)} found in the cache.`)
        : null;
    case "phase_started":
      return info(`${phaseWords(event.phase)}: ${event.epochs} epochs of ${event.steps_per_epoch} steps.`);
    case "epoch_ended":
      return event.epoch === 0 ? null : info(epochWords(event));
    case "phase_ended":
      return info(
        `${phaseWords(event.phase)} ended${event.stopped_early ? " early: no better score came" : ""}; best epoch ${event.best_epoch}.`,
      );
    case "scores_ready":
      return info(`The ${event.split} images were scored.`);
    case "noted":
      return { level: event.level, text: event.message };
    case "run_ended":
      return endWords(event);
    default:
      return null;
  }
}

type Plan = Extract<RunEvent, { kind: "plan_made" }>["plan"];

/** Return how many values of the network are held, and how many move. */
export function planCounts(plan: Plan): { frozen: number; trainable: number } {
  const moving = plan.stages.map((stage) => stage.num_trainable ?? (stage.is_frozen ? 0 : stage.num_parameters));
  const frozen = plan.stages.reduce((sum, stage, i) => sum + stage.num_parameters - (moving[i] ?? 0), 0);
  if (plan.nodes.length) {
    const all = plan.nodes.reduce((sum, node) => sum + node.num_parameters, 0);
    const trainable = plan.nodes.reduce((sum, node) => sum + node.num_trainable, 0);
    return { frozen: all - trainable, trainable };
  }
  return { frozen, trainable: plan.head_parameters + moving.reduce((sum, value) => sum + value, 0) };
}

function planWords(plan: Plan): string {
  const { frozen, trainable } = planCounts(plan);
  const cache = plan.cache.is_used ? "outputs at the freeze boundary are stored" : "nothing is stored";
  return `Plan: ${formatCount(frozen)} parameters frozen, ${formatCount(trainable)} trainable; ${cache}; about ${formatSeconds(plan.estimated_seconds)}.`;
}

function epochWords(event: Extract<RunEvent, { kind: "epoch_ended" }>): string {
  const parts = [`Epoch ${event.epoch}`];
  if (event.train_loss !== null) parts.push(`loss ${formatNumber(event.train_loss)}`);
  if (event.validation_loss !== null) parts.push(`validation loss ${formatNumber(event.validation_loss)}`);
  if (event.validation_accuracy !== null) parts.push(`validation accuracy ${formatPercent(event.validation_accuracy)}`);
  for (const [name, value] of Object.entries(event.validation_scores)) parts.push(`${scoreWords(name).toLowerCase()} ${formatNumber(value)}`);
  return `${parts.join(" · ")}${event.is_best ? " · best so far" : ""}`;
}

function endWords(event: Extract<RunEvent, { kind: "run_ended" }>): Words {
  const why = event.message ? ` ${event.message}` : "";
  if (event.status === "failed") return { level: "error", text: `The run failed.${why}` };
  if (event.status === "finished") return { level: "ok", text: `The run finished.${why}` };
  if (event.status === "paused") return info(`The run paused.${why}`);
  return info(`The run stopped; the best so far was kept.${why}`);
}

const SCORES: Record<string, string> = {
  accuracy: "Accuracy",
  balanced_accuracy: "Balanced accuracy",
  macro_f1: "Macro F1",
  micro_f1: "Micro F1",
  log_loss: "Log loss",
  mae: "Mean absolute error",
  rmse: "Root mean squared error",
  r2: "R²",
  mean_average_precision: "Mean average precision",
  average_precision: "Average precision",
  pixel_auroc: "Pixel AUROC",
  false_alarms: "False alarms",
  iou: "IoU",
  map: "Mean average precision",
  mean_iou: "Mean IoU",
  mean_dice: "Mean Dice",
  pixel_accuracy: "Pixel accuracy",
  auroc: "AUROC",
};

/** Return the name of a score in words. */
export function scoreWords(name: string): string {
  return SCORES[name] ?? name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
}

/** The same within a sentence: "accuracy", but "AUROC". */
export const scoreInSentence = (name: string): string =>
  scoreWords(name).replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());

const NOT_SHARES = new Set(["log_loss", "mae", "rmse", "r2"]);

/** Whether a score is a share, shown in percent. */
export const isShare = (name: string): boolean => !NOT_SHARES.has(name) && name !== "loss";

/** Return a score's value as people read it. */
export const showScore = (name: string, value: number): string =>
  isShare(name) ? formatPercent(value) : formatNumber(value);
