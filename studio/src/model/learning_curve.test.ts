import { describe, expect, it } from "vitest";

import type { CurvePoint, CurveState, LearningCurve } from "../api/types";
import { isMeasuring, measuringWords, neededWords, plotOf, readShares, roundEnds, showShares } from "./learning_curve";

const point = (num_labels: number, value: number): CurvePoint => ({
  share: num_labels / 400,
  num_labels,
  score: { value, low: value - 0.1, high: value + 0.05 },
  scores: [value],
  seconds: 1,
});
const curve = {
  transfer: [point(4, 0.6), point(40, 0.8), point(400, 0.9)],
  scratch: [point(40, 0.3), point(400, 0.6)],
  forecast: null,
  constant: null,
  needed: [
    { num_labels: 4, score: 0.6, needed: 400, low: 100, high: null },
    { num_labels: 40, score: 0.8, needed: null, low: null, high: null },
  ],
} as unknown as LearningCurve;
const frame = { left: 0, right: 100, top: 0, bottom: 100 };

describe("a learning curve on a chart", () => {
  const plot = plotOf(curve, frame, (score) => score.toFixed(1));

  it("puts equal factors of labels at equal distances", () => {
    expect(plot.lines[0]?.spots.map((spot) => Math.round(spot.x))).toEqual([0, 50, 100]);
    expect(plot.lines[1]?.spots.map((spot) => Math.round(spot.x))).toEqual([50, 100]);
  });

  it("puts higher scores higher, inside their bands", () => {
    const [low, middle, high] = plot.lines[0]?.spots ?? [];
    expect(low!.y).toBeGreaterThan(middle!.y);
    expect(middle!.y).toBeGreaterThan(high!.y);
    for (const spot of plot.lines.flatMap((line) => line.spots)) {
      expect(spot.high).toBeLessThan(spot.y);
      expect(spot.low).toBeGreaterThan(spot.y);
      expect(spot.high).toBeGreaterThanOrEqual(0);
      expect(spot.low).toBeLessThanOrEqual(100);
    }
  });

  it("draws lines through the points and closes the bands", () => {
    expect(plot.lines[0]?.path).toMatch(/^M0\.0,\S+L50\.0,\S+L100\.0,\S+$/);
    expect(plot.lines[0]?.band).toMatch(/^M.*Z$/);
    expect(plot.xs.map((tick) => tick.text)).toEqual(["4", "40", "400"]);
  });

  it("draws on to what is foretold, and leaves out words without room", () => {
    const forecast = { num_labels: 800, score: { value: 0.95, low: 0.9, high: 1 }, top: 1, scale: 1, exponent: 0.3 };
    const longer = plotOf({ ...curve, forecast }, frame, String);
    expect(longer.ahead?.from.labels).toBe(400);
    expect(longer.ahead?.to.x).toBe(100);
    expect(longer.xs.map((tick) => tick.text)).toEqual(["4", "40", "800"]);
  });

  it("marks what a constant answer gives, inside the frame", () => {
    expect(plot.constant).toBeNull();
    const marked = plotOf({ ...curve, constant: 0.1 }, frame, String);
    expect(marked.constant).toBeGreaterThan(0);
    expect(marked.constant).toBeLessThanOrEqual(100);
  });

  it("does with one point, and without an interval", () => {
    const one = { ...point(7, 0.5), score: { value: 0.5, low: Number.NaN, high: Number.NaN } };
    const plot = plotOf({ ...curve, transfer: [one], scratch: [] }, frame, String);
    expect(plot.lines).toHaveLength(1);
    expect(plot.lines[0]?.spots[0]).toMatchObject({ x: 50, labels: 7 });
    expect(plot.lines[0]?.band).toBe("");
    expect(plot.lines[0]?.spots.every((spot) => Object.values(spot).every(Number.isFinite))).toBe(true);
  });
});

it("round ends hold the values between them", () => {
  expect(roundEnds(0.31, 0.94)).toEqual({ low: 0.2, high: 1, ticks: [0.2, 0.4, 0.6, 0.8, 1] });
  expect(roundEnds(0.5, 0.5).high).toBeGreaterThan(0.5);
  expect(roundEnds(-3, 0.9).ticks[0]).toBe(-3);
});

it("shares are read as they are written", () => {
  expect(readShares("5, 10 %, 25;100")).toEqual([0.05, 0.1, 0.25, 1]);
  expect(readShares("50 50 10")).toEqual([0.1, 0.5]);
  for (const wrong of ["", "0", "101", "ten", "-5"]) expect(readShares(wrong)).toBeNull();
  expect(showShares([0.05, 0.1, 0.07, 1])).toBe("5, 10, 7, 100");
});

it("says what is going on", () => {
  const state = { status: "running", done: 3, total: 20, at: "from scratch, 10 % of the labels, seed 1", seconds_left: 65 } as CurveState;
  expect(measuringWords(state)).toBe("3 of 20 runs done · from scratch, 10 % of the labels, seed 1 · about 1 min 5 s left");
  expect(isMeasuring(state)).toBe(true);
  expect(measuringWords({ ...state, status: "waiting" })).toContain("Waits");
  expect(measuringWords({ ...state, status: "finished" })).toBeNull();
  expect(isMeasuring({ ...state, status: "stopped" })).toBe(false);
  expect(isMeasuring(undefined)).toBe(false);
});

it("says how many labels scratch needs", () => {
  expect([4, 40, 400].map((labels) => neededWords(curve, labels))).toEqual(["400", "more than measured", ""]);
});
