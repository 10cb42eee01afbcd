import { describe, expect, it } from "vitest";

import { Column, align, downsample, stepsOrMeans } from "./series";

const wave = (count: number) => {
  const xs = Array.from({ length: count }, (_, i) => i);
  return { xs, ys: xs.map((x) => Math.sin(x / 7) + (x === 4321 ? 50 : 0) - (x === 777 ? 60 : 0)) };
};

describe("downsample", () => {
  it("keeps the first, the last, the highest and the lowest point, in order, within the target", () => {
    const { xs, ys } = wave(10_000);
    const kept = downsample(xs, ys, 400);
    expect(kept.xs.length).toBeLessThanOrEqual(400);
    expect(kept.xs[0]).toBe(0);
    expect(kept.xs[kept.xs.length - 1]).toBe(9_999);
    expect(Math.max(...kept.ys)).toBe(Math.max(...ys));
    expect(Math.min(...kept.ys)).toBe(Math.min(...ys));
    expect(kept.xs.every((x, i) => i === 0 || x > (kept.xs[i - 1] ?? 0))).toBe(true);
    expect(kept.xs.every((x, i) => ys[x] === kept.ys[i])).toBe(true);
  });

  it("leaves short series as they are", () => {
    expect(downsample([1, 2, 3], [4, 5, 6], 10)).toEqual({ xs: [1, 2, 3], ys: [4, 5, 6] });
  });
});

describe("Column", () => {
  it("never holds more than its bound, and keeps first, last and peak", () => {
    const column = new Column(1_000);
    for (let i = 0; i < 50_000; i += 1) column.push(i, i === 1_234 ? 99 : 0);
    expect(column.length).toBeLessThanOrEqual(1_000);
    expect(column.xs[0]).toBe(0);
    expect(column.xs[column.length - 1]).toBe(49_999);
    expect(Math.max(...column.ys)).toBe(99);
  });

  it("takes back what a resumed run does again", () => {
    const column = new Column();
    [1, 2, 3, 4].forEach((x) => column.push(x, x));
    column.push(2.5, 9);
    expect([...column.xs]).toEqual([1, 2, 2.5]);
    expect(column.last).toBe(9);
    column.rewind(1);
    expect([...column.xs]).toEqual([1]);
  });
});

describe("align", () => {
  it("puts series of different places on one axis, with gaps", () => {
    const axis = align([
      { xs: [1, 2, 3], ys: [10, 20, 30] },
      { xs: [2, 4], ys: [5, NaN] },
    ]);
    expect(axis).toEqual([
      [1, 2, 3, 4],
      [10, 20, 30, null],
      [null, 5, null, null],
    ]);
  });
});

it("epochs without a told step give their mean, others their steps", () => {
  const steps = { xs: [0.5, 1, 3.25], ys: [4, 3, 1] };
  const means = { xs: [1, 2, 3, 4], ys: [3.5, 2, 1.5, 0.9] };
  expect(stepsOrMeans(steps, means)).toEqual({ xs: [0.5, 1, 2, 3, 3.25], ys: [4, 3, 2, 1.5, 1] });
  expect(stepsOrMeans(undefined, means)).toBe(means);
  expect(stepsOrMeans(steps, undefined)).toBe(steps);
});
