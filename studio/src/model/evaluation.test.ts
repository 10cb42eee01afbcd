import { describe, expect, it } from "vitest";

import type { Calibration, CalibrationState, Evaluation, PartScore, SliceScore } from "../api/types";
import { binPoints, curvePoints, evaluatedParts, hardest, isClear, pWords, reliability, sliceRows, temperatureWords, verdictOf } from "./evaluation";

const interval = (value: number, half = 0.1) => ({ value, low: value - half, high: value + half });
const line = { x: [0, 0.5, 1], y: [0, 0.8, 1] };

const part = (name: string, auroc: number | null): PartScore => ({
  name,
  num_images: 4,
  precision: null,
  recall: interval(0.5),
  f1: interval(0.4),
  auroc: auroc === null ? null : interval(auroc),
  average_precision: interval(0.3),
  share: 0.25,
  reason: auroc === null ? "No image here belongs to it." : null,
  roc: line,
  precision_recall: line,
});

const slice = (name: string, difference: number | null, corrected: number | null = 1): SliceScore => ({
  name,
  num_images: 10,
  score: interval(0.5),
  r2: null,
  rest: 0.6,
  difference: difference === null ? null : interval(difference),
  p_value: corrected,
  corrected_p_value: corrected,
  is_small: false,
});

const state: CalibrationState = {
  log_loss: interval(1),
  brier: interval(0.5),
  ece_width: interval(0.1),
  ece_mass: interval(0.1),
  ece_classwise: interval(0.1),
  ece_by_chance: 0.05,
  width_bins: [
    { low: 0, high: 0.5, num: 0, confidence: null, accuracy: null },
    { low: 0.5, high: 1, num: 8, confidence: 0.8, accuracy: interval(0.6) },
  ],
  mass_bins: [{ low: 0.6, high: 1, num: 8, confidence: 0.8, accuracy: interval(0.6) }],
};

describe("curves", () => {
  it("shows at first the classes that are hardest to tell, and never one without a curve", () => {
    expect(hardest([part("a", 0.9), part("b", null), part("c", 0.6), part("d", 0.9)], 2)).toEqual(["c", "a"]);
    expect(hardest([part("b", null)])).toEqual([]);
  });
  it("draws the points in their order", () => {
    expect(curvePoints(part("a", 0.9), "roc")).toEqual([[0, 0], [0.5, 0.8], [1, 1]]);
  });
});

describe("calibration", () => {
  const calibration: Calibration = { of: "predicted labels", num_bins: 2, before: state, after: null, temperature: null, num_validation: 0, note: "none" };
  it("leaves out empty bins", () => {
    expect(binPoints(state.width_bins).points).toEqual([[0.8, 0.6]]);
    expect(binPoints(state.width_bins).spans).toEqual([[0.5, 0.7]]);
  });
  it("draws what came after only where there is a temperature", () => {
    expect(reliability(calibration, "width").map((one) => one.key)).toEqual(["before"]);
    expect(reliability({ ...calibration, after: state }, "mass").map((one) => one.key)).toEqual(["before", "after"]);
  });
  it("says what a temperature means only where its interval is on one side of 1", () => {
    const told = (value: number) => temperatureWords({ ...calibration, temperature: interval(value), num_validation: 1 });
    expect(told(2)).toContain("too sure");
    expect(told(0.5)).toContain("not sure enough");
    expect(told(1.05)).toContain("no clear change");
    expect(told(2)).toContain("1 validation image:");
    expect(temperatureWords(calibration)).toBe("");
  });
  it("says when a temperature does not help here", () => {
    const told = (loss: number) =>
      temperatureWords({ ...calibration, before: { ...state, log_loss: interval(0.4) }, after: { ...state, log_loss: interval(loss) }, temperature: interval(2) });
    expect(told(0.5)).toContain("does not help");
    expect(told(0.3)).not.toContain("does not help");
  });
});

describe("slices", () => {
  const slices: Evaluation["slices"] = [
    { name: "width", origin: "image", slices: [slice("small", 0.2), slice("all", null)] },
    { name: "camera", origin: "table", slices: [slice("old", -0.3, 0.01)] },
  ];
  it("puts the worst first: the least accurate, or the farthest off", () => {
    expect(sliceRows({ slices, slice_score: "accuracy" }).map((row) => row.name)).toEqual(["old", "small", "all"]);
    expect(sliceRows({ slices, slice_score: "mae" }).map((row) => row.name)).toEqual(["small", "old", "all"]);
  });
  it("calls clear only what stays so after the correction", () => {
    expect(sliceRows({ slices, slice_score: "accuracy" }).map(isClear)).toEqual([true, false, false]);
    expect(isClear(slice("x", 0, null))).toBe(false);
  });
  it("writes p-values shortly", () => {
    expect([0.0001, 0.0123, 0.456, null].map(pWords)).toEqual(["< 0.001", "0.012", "0.46", "–"]);
  });
});

describe("tables and verdicts", () => {
  it("has no table of classes for numbers", () => {
    const found = { kind: "category", parts: [part("a", null)] } as unknown as Evaluation;
    expect(evaluatedParts(found)?.rows[0]?.values["auroc"]).toBeNull();
    expect(evaluatedParts({ ...found, kind: "number" })).toBeNull();
  });
  it("names the better run only when the test does", () => {
    const found = { num_common: 100, difference: interval(-0.1), p_value: 0.01 };
    expect(verdictOf(found)).toBe("B is better: it tells 10 % more of the images right (p = 0.010).");
    expect(verdictOf({ ...found, p_value: 0.2 })).toContain("No clear difference");
    expect(verdictOf({ ...found, difference: interval(0.1), p_value: 0.00001 })).toContain("A is better");
  });
});
