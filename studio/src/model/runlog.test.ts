import { describe, expect, it } from "vitest";

import type { EventLine, RunEvent } from "../api/types";
import { RunLog } from "./runlog";

const lines = (...events: Partial<RunEvent>[]): EventLine[] => events.map((event, i) => ({ time: i, event }) as EventLine);
const phase = (name: string, epochs: number) => ({ kind: "phase_started", phase: name, epochs, steps_per_epoch: 4 }) as Partial<RunEvent>;
const step = (name: string, epoch: number, at: number, loss: number) =>
  ({ kind: "step_ended", phase: name, epoch, step: at, loss, images_per_second: 1, memory_bytes: 0, learning_rate: 0.1, learning_rates: { head: 0.1 }, gradient_norms: {}, terms: name === "main" ? { l2_sp: loss / 10 } : {} }) as Partial<RunEvent>;
const epoch = (name: string, number: number, loss: number, isBest = false) =>
  ({
    kind: "epoch_ended",
    phase: name,
    epoch: number,
    train_loss: number ? loss : null,
    validation_loss: loss,
    validation_accuracy: 0.5,
    validation_balanced_accuracy: null,
    validation_scores: {},
    validation_per_class: { cat: 0.25 },
    movement: { head: 0.1 },
    terms: name === "main" && number ? { l2_sp: loss / 20 } : {},
    learning_rate: 0.1,
    seconds: 1,
    is_best: isBest,
  }) as Partial<RunEvent>;

describe("RunLog", () => {
  it("lays the phases behind one another on one axis of epochs", () => {
    const log = new RunLog();
    log.add(0, lines(phase("probe", 3), step("probe", 1, 2, 1), epoch("probe", 1, 0.9), epoch("probe", 2, 0.8), phase("main", 5), epoch("main", 0, 0.8), step("main", 1, 4, 0.7), epoch("main", 1, 0.6, true)));
    expect([...(log.column("loss")?.xs ?? [])]).toEqual([0.5, 3]);
    expect([...(log.column("validation_loss")?.xs ?? [])]).toEqual([1, 2, 3]); // the probe ended early, after 2
    expect(log.best).toEqual({ x: 3, epoch: 1, phase: "main" });
    expect(log.names("recall:")).toEqual(["cat"]);
  });

  it("keeps what loss terms add, of steps and of epochs, from the phase on in which they act", () => {
    const log = new RunLog();
    log.add(0, lines(phase("probe", 1), step("probe", 1, 4, 1), epoch("probe", 1, 0.9), phase("main", 2), epoch("main", 0, 0.8), step("main", 1, 2, 0.7), epoch("main", 1, 0.6)));
    expect(log.names("term_step:")).toEqual(["l2_sp"]);
    expect(log.names("term:")).toEqual(["l2_sp"]);
    expect([...(log.column("term_step:l2_sp")?.xs ?? [])]).toEqual([1.5]);
    expect([...(log.column("term:l2_sp")?.xs ?? [])]).toEqual([2]);
    expect(log.column("term:l2_sp")?.last).toBeCloseTo(0.03);
  });

  it("takes a line only once, also when lines are sent again after a break", () => {
    const log = new RunLog();
    const all = lines(phase("main", 2), epoch("main", 1, 1), epoch("main", 2, 0.5));
    log.add(0, all.slice(0, 2));
    log.add(0, all);
    log.add(1, all.slice(1));
    expect(log.numLines).toBe(3);
    expect([...(log.column("validation_loss")?.ys ?? [])]).toEqual([1, 0.5]);
    expect(log.told.length).toBe(3);
  });

  it("draws a resumed run on from where it goes on, not twice", () => {
    const log = new RunLog();
    log.add(0, lines(phase("main", 4), step("main", 1, 4, 1), step("main", 2, 4, 0.8), { kind: "run_ended", status: "paused", message: null } as Partial<RunEvent>));
    expect(log.ended?.status).toBe("paused");
    log.add(4, lines({ kind: "run_resumed", run: "r", phase: "main", epoch: 1, step: 0 } as Partial<RunEvent>, phase("main", 4), step("main", 2, 4, 0.7)));
    expect(log.ended).toBeNull();
    expect([...(log.column("loss")?.xs ?? [])]).toEqual([1, 2]);
    expect(log.column("loss")?.last).toBe(0.7);
  });
});
