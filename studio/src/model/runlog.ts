/** What is known of a run from its events: curves, plan, data, scores, proof, and its story in words. */
import type { EventLine, Plan, Proof, RunEvent, RunRecord } from "../api/types";
import { Column } from "./series";
import { type Told, tell } from "./told";

type Of<K extends RunEvent["kind"]> = Extract<RunEvent, { kind: K }>;
export type AnyScores = RunRecord["metrics"][string];

/** Lines of the story that are kept. */
const MOST_TOLD = 2_000;

type PhaseSpan = { name: string; from: number; epochs: number; steps: number };

/** Takes event lines in order. The x of all curves is epochs since the run began, over all phases. */
export class RunLog {
  /** Lines taken so far. */
  numLines = 0;
  /** Rises with each change. */
  version = 0;
  columns = new Map<string, Column>();
  told: Told[] = [];
  phases: PhaseSpan[] = [];
  plan: Plan | null = null;
  data: Of<"data_ready"> | null = null;
  extraction: Of<"extraction_progress"> | null = null;
  step: Of<"step_ended"> | null = null;
  epoch: Of<"epoch_ended"> | null = null;
  best: { x: number; epoch: number; phase: string } | null = null;
  scores: Record<string, AnyScores> = {};
  ended: Of<"run_ended"> | null = null;
  lastTime: number | null = null;

  get proof(): Proof | null {
    return this.ended?.proof ?? null;
  }

  column(name: string): Column | undefined {
    return this.columns.get(name);
  }

  /** Return what follows a prefix, such as the parts of "gradient:", in order of appearance. */
  names(prefix: string): string[] {
    return [...this.columns.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  /** Take lines from line number `first` on; lines that are there already are passed over. */
  add(first: number, lines: readonly EventLine[]): void {
    for (let i = Math.max(0, this.numLines - first); i < lines.length; i += 1) {
      const line = lines[i];
      if (line) this.take(line);
    }
    this.numLines = Math.max(this.numLines, first + lines.length);
    this.version += 1;
  }

  private take({ time, event }: EventLine): void {
    this.lastTime = time;
    const told = tell(event, time);
    if (told) this.told.push(told);
    if (this.told.length > MOST_TOLD) this.told.splice(0, this.told.length - MOST_TOLD);
    switch (event.kind) {
      case "run_started":
      case "run_resumed":
        this.ended = null;
        break;
      case "data_ready":
        this.data = event;
        break;
      case "plan_made":
        this.plan = event.plan;
        break;
      case "extraction_progress":
        this.extraction = event;
        break;
      case "phase_started":
        this.startPhase(event);
        break;
      case "step_ended":
        this.takeStep(event);
        break;
      case "epoch_ended":
        this.takeEpoch(event);
        break;
      case "scores_ready":
        this.scores = { ...this.scores, [event.split]: event.scores };
        break;
      case "run_ended":
        this.ended = event;
        break;
    }
  }

  private startPhase(event: Of<"phase_started">): void {
    this.extraction = null;
    const found = this.phases.findIndex((phase) => phase.name === event.phase);
    if (found >= 0) this.phases.length = found; // a resumed run begins its phase again
    const before = this.phases[this.phases.length - 1];
    const from = before ? Math.max(before.from, this.reached(before)) : 0;
    this.phases.push({ name: event.phase, from, epochs: event.epochs, steps: event.steps_per_epoch });
  }

  /** Where a phase ended: early stopping makes it shorter than planned. */
  private reached(phase: PhaseSpan): number {
    const last = this.columns.get("validation_loss") ?? this.columns.get("train_loss");
    const x = last?.length ? (last.xs[last.length - 1] ?? 0) : 0;
    return x > phase.from ? x : phase.from + phase.epochs;
  }

  private span(name: string): PhaseSpan {
    return this.phases.find((phase) => phase.name === name) ?? { name, from: 0, epochs: 1, steps: 1 };
  }

  private takeStep(event: Of<"step_ended">): void {
    this.step = event;
    const span = this.span(event.phase);
    const x = span.from + event.epoch - 1 + event.step / Math.max(1, span.steps);
    this.put("loss", x, event.loss);
    this.put("rate", x, event.images_per_second);
    if (event.memory_bytes) this.put("memory", x, event.memory_bytes);
    this.putAll("learning_rate:", x, event.learning_rates);
    this.putAll("gradient:", x, event.gradient_norms);
    this.putAll("term_step:", x, event.terms);
  }

  private takeEpoch(event: Of<"epoch_ended">): void {
    this.epoch = event;
    const x = this.span(event.phase).from + event.epoch;
    if (event.is_best) this.best = { x, epoch: event.epoch, phase: event.phase };
    // The state before a phase begins is where the one before it ended: nothing new.
    if (event.epoch === 0 && x > 0) return;
    this.put("train_loss", x, event.train_loss);
    this.put("validation_loss", x, event.validation_loss);
    this.put("score:accuracy", x, event.validation_accuracy);
    this.put("score:balanced_accuracy", x, event.validation_balanced_accuracy);
    this.putAll("score:", x, event.validation_scores);
    this.putAll("recall:", x, event.validation_per_class);
    this.putAll("movement:", x, event.movement);
    this.putAll("term:", x, event.terms);
  }

  private put(name: string, x: number, y: number | null): void {
    if (y === null || !Number.isFinite(y)) return;
    let column = this.columns.get(name);
    if (!column) {
      column = new Column();
      this.columns.set(name, column);
    }
    column.push(x, y);
  }

  private putAll(prefix: string, x: number, values: Record<string, number>): void {
    for (const [name, value] of Object.entries(values)) this.put(prefix + name, x, value);
  }
}
