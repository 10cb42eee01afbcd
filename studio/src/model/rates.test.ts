import { describe, expect, it } from "vitest";

import type { RateTest } from "../api/types";
import { decades, drawRates, rateValue, rateWords } from "./rates";

const BOX = { width: 120, height: 120, left: 10, top: 10, right: 10, bottom: 10 };

function test(losses: number[], more: Partial<RateTest> = {}): RateTest {
  const points = losses.map((loss, i) => ({ rate: 10 ** (i - 4), loss, smoothed: loss }));
  return {
    format: 1,
    phase: "main",
    field: "learning_rate",
    planned: 1e-3,
    points,
    noise: 0,
    steepest: null,
    lowest_loss_at: 1e-3,
    rises_from: null,
    diverged: false,
    suggested: 1e-2,
    words: "",
    num_images: 1,
    seconds: 1,
    ...more,
  };
}

describe("a range test as a drawing", () => {
  it("puts equal factors of the rate at equal distances", () => {
    const { xs, marks, dots } = drawRates(test([2, 2, 1, 1, 1]), BOX);
    expect(xs.map(({ rate }) => rate)).toEqual([1e-4, 1e-3, 1e-2, 1e-1, 1]);
    expect(xs.map(({ at }) => Math.round(at))).toEqual([10, 35, 60, 85, 110]);
    expect(dots.map(({ x }) => Math.round(x))).toEqual([10, 35, 60, 85, 110]);
    expect(marks.map(({ name, x }) => [name, Math.round(x)])).toEqual([
      ["planned", 35],
      ["suggested", 60],
    ]);
  });

  it("keeps a loss that explodes inside the box, and the rest readable", () => {
    const { dots, ys } = drawRates(test([2, 1.5, 1, 400]), BOX);
    expect(dots.every(({ y }) => y >= 10 && y <= 110)).toBe(true);
    expect(ys.at(-1)?.loss).toBe(4); // twice where it began
    const [first, , lowest] = dots;
    expect((lowest?.y ?? 0) - (first?.y ?? 0)).toBeGreaterThan(30);
  });

  it("marks no rate that was not suggested", () => {
    expect(drawRates(test([1, 1, 1], { suggested: null }), BOX).marks.map(({ name }) => name)).toEqual(["planned"]);
  });
});

it("names decades between two rates, the ends among them", () => {
  expect(decades(1e-7, 1e-3)).toEqual([1e-7, 1e-6, 1e-5, 1e-4, 1e-3]);
  expect(decades(2e-7, 9e-6)).toEqual([1e-6]);
  expect(decades(2e-3, 3e-3)).toEqual([]);
});

it("writes rates as people do", () => {
  expect([1e-4, 2.5e-3, 0.1, 1, 30].map(rateWords)).toEqual(["1e−4", "2.5e−3", "1e−1", "1e0", "3e1"]);
  expect(rateValue(0.000223)).toBe(0.00022);
});
