import { describe, expect, it } from "vitest";

import { GridIndex, countThere, dataAt, disc, isInside, lookFor, paint, panned, parseHex, placeOf, ticks, windowOf, zoomed } from "./scatter";

const pointsOf = (pairs: readonly (readonly [number, number])[]) => ({
  x: Float32Array.from(pairs, ([x]) => x),
  y: Float32Array.from(pairs, ([, y]) => y),
});
/** The same numbers every time, from 0 to 1. */
function numbers(count: number, seed = 7): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (1103515245 * state + 12345) % 2147483648;
    return state / 2147483648;
  });
}
const unit = { x0: 0, x1: 1, y0: 0, y1: 1 };
const size = { width: 200, height: 100 };
const style = { background: [0, 0, 0], palette: [[255, 255, 255]], muted: [80, 0, 0], diameter: 1, opacity: 1 } as const;
const blank = (width: number, height: number) => ({ data: new Uint8ClampedArray(4 * width * height), width, height });
const redAt = (pixels: ReturnType<typeof blank>, x: number, y: number) => pixels.data[4 * (y * pixels.width + x)];

describe("colors", () => {
  it("reads three and six digits alike", () => {
    expect(parseHex("#fff")).toEqual([255, 255, 255]);
    expect(parseHex(" #1a2B3c ")).toEqual([0x1a, 0x2b, 0x3c]);
    expect(parseHex("#abc")).toEqual(parseHex("#aabbcc"));
    expect(() => parseHex("red")).toThrow(/no color/);
    expect(() => parseHex("#ffff")).toThrow();
  });
});

describe("the window", () => {
  it("holds all points with a margin, and the same stretch twice where asked", () => {
    const points = pointsOf([[0, 10], [1, 20], [NaN, 5000]]);
    const found = windowOf(points);
    expect(found.x0).toBeLessThan(0);
    expect(found.x1).toBeGreaterThan(1);
    const square = windowOf(pointsOf([[0, 10], [8, 20]]), true);
    expect([square.x0, square.x1]).toEqual([square.y0, square.y1]);
    expect(square.x0).toBeLessThan(0);
    expect(square.y1).toBeGreaterThan(20);
  });
  it("counts what has a place", () => {
    expect(countThere(pointsOf([[0, 1], [NaN, 1], [1, Infinity], [2, 2]]))).toBe(2);
  });
  it("keeps its own stretch for each axis where one point is far off", () => {
    const wild = windowOf(pointsOf([[0, 0], [10, 10], [5, 700]]), true);
    expect(wild.x1).toBeLessThan(11);
    expect(wild.y1).toBeGreaterThan(700);
  });
  it("is there for no points, for one, and for none that are numbers", () => {
    for (const points of [pointsOf([]), pointsOf([[3, 3]]), pointsOf([[NaN, Infinity]])]) {
      const found = windowOf(points);
      expect(found.x1).toBeGreaterThan(found.x0);
      expect(found.y1).toBeGreaterThan(found.y0);
    }
  });
  it("pans there and back", () => {
    expect(panned(panned(unit, 0.25, -0.5), -0.25, 0.5)).toEqual(unit);
    expect(panned(unit, 0.1, 0).x0).toBeCloseTo(0.1);
  });
  it("zooms about the place of the pointer", () => {
    const at = { x: 0.25, y: 0.75 };
    const closer = zoomed(unit, 4, unit, at);
    expect(closer.x1 - closer.x0).toBeCloseTo(0.25);
    expect(closer.x0 + at.x * 0.25).toBeCloseTo(0.25);
    expect(closer.y0 + at.y * 0.25).toBeCloseTo(0.75);
    const back = zoomed(closer, 0.25, unit, at);
    expect(back.x0).toBeCloseTo(0);
    expect(back.y1).toBeCloseTo(1);
  });
  it("has an end in both ways", () => {
    let near = unit;
    let far = unit;
    for (let i = 0; i < 100; i += 1) {
      near = zoomed(near, 2, unit);
      far = zoomed(far, 0.5, unit);
    }
    expect(near.x1 - near.x0).toBeCloseTo(1 / 2000);
    expect(far.x1 - far.x0).toBeCloseTo(5);
  });
  it("turns places into data and back", () => {
    const view = { x0: -3, x1: 5, y0: 10, y1: 12 };
    const place = placeOf(view, size, 1, 11.5);
    expect(place).toEqual({ x: 100, y: 25 });
    expect(dataAt(view, size, place)).toEqual({ x: 1, y: 11.5 });
  });
});

describe("ticks", () => {
  it("are round, in order and inside", () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(-1.3, 2.2, 4)).toEqual([-1, 0, 1, 2]);
    for (const [low, high] of [[0.001, 0.0017], [-3e6, 5e6], [99.2, 99.9]] as const) {
      const found = ticks(low, high, 6);
      expect(found.length).toBeGreaterThan(2);
      expect(found.length).toBeLessThanOrEqual(8);
      expect(found.every((tick) => tick >= low && tick <= high)).toBe(true);
    }
    expect(ticks(1, 1, 5)).toEqual([]);
  });
});

describe("painting", () => {
  it("puts a point where it belongs, y upward", () => {
    const pixels = blank(10, 10);
    paint(pixels, pointsOf([[0.05, 0.05]]), unit, style, null);
    expect(redAt(pixels, 0, 9)).toBeGreaterThan(200);
    expect(redAt(pixels, 0, 0)).toBe(0);
    expect(pixels.data[3]).toBe(255);
  });
  it("covers as much as a disc of that size does", () => {
    for (const diameter of [2, 3, 5, 6])
      expect(disc(diameter).covered.reduce((a, b) => a + b, 0) / 256).toBeCloseTo((Math.PI * diameter ** 2) / 4, 0);
  });
  it("lets what lies under it shine through", () => {
    const pixels = blank(4, 4);
    paint(pixels, pointsOf([[0.6, 0.6]]), unit, { ...style, opacity: 0.5 }, null);
    const once = redAt(pixels, 2, 1) ?? 0;
    paint(pixels, pointsOf([[0.6, 0.6], [0.6, 0.6]]), unit, { ...style, opacity: 0.5 }, null);
    const twice = redAt(pixels, 2, 1) ?? 0;
    expect(once).toBeGreaterThan(80);
    expect(twice).toBeGreaterThan(once);
    expect(twice).toBeLessThan(255);
  });
  it("leaves out what is no number or off the field, and never writes around the edge", () => {
    const pixels = blank(6, 6);
    paint(pixels, pointsOf([[NaN, 0.5], [Infinity, 0.5], [30, 0.5], [-1, 0.5]]), unit, { ...style, diameter: 3 }, null);
    expect(pixels.data.filter((_, i) => i % 4 === 0).every((value) => value === 0)).toBe(true);
    paint(pixels, pointsOf([[1, 0.5]]), unit, { ...style, diameter: 3 }, null);
    expect([0, 1, 2, 3, 4, 5].every((row) => redAt(pixels, 0, row) === 0)).toBe(true);
  });
  it("colors by class, and mutes what is not chosen", () => {
    const pixels = blank(10, 10);
    const palette = [[200, 0, 0], [100, 0, 0]] as const;
    const points = { ...pointsOf([[0.05, 0.5], [0.95, 0.5]]), color: Uint8Array.of(0, 1) };
    paint(pixels, points, unit, { ...style, palette }, null);
    expect([redAt(pixels, 0, 5) ?? 0, redAt(pixels, 9, 5) ?? 0].map((red) => Math.round(red / 50))).toEqual([4, 2]);
    paint(pixels, points, unit, { ...style, palette }, Uint8Array.of(0, 1));
    expect(redAt(pixels, 0, 5)).toBeLessThan(60);
    expect(redAt(pixels, 9, 5)).toBeGreaterThan(80);
  });
  it("draws many points smaller and fainter, never below two pixels", () => {
    const looks = [100, 20_000, 60_000, 200_000].map((count) => lookFor(count, 1));
    for (let i = 1; i < looks.length; i += 1) {
      expect(looks[i]?.diameter).toBeLessThanOrEqual(looks[i - 1]?.diameter ?? 0);
      expect(looks[i]?.opacity).toBeLessThanOrEqual(looks[i - 1]?.opacity ?? 0);
    }
    expect(looks.at(-1)?.diameter).toBe(2);
    expect(lookFor(20_000, 2).diameter).toBe(6);
  });
});

describe("the index", () => {
  const xs = numbers(3000);
  const ys = numbers(3000, 99);
  const points = { x: Float32Array.from(xs), y: Float32Array.from(ys) };
  const index = new GridIndex(points);

  it("finds the same nearest point as looking at all of them", () => {
    for (const view of [unit, { x0: 0.4, x1: 0.5, y0: -2, y1: 3 }])
      for (const [i, share] of numbers(40, 3).entries()) {
        const at = { x: share * size.width, y: (numbers(40, 5)[i] ?? 0) * size.height };
        const distances = [...points.x].map((x, j) => {
          const place = placeOf(view, size, x, points.y[j] ?? 0);
          return Math.hypot(place.x - at.x, place.y - at.y);
        });
        const least = Math.min(...distances);
        const found = index.nearest(view, size, at, 8);
        if (least > 8) expect(found).toBeNull();
        else expect(distances[found ?? -1]).toBeCloseTo(least, 6);
      }
  });
  it("finds the same points in a loop as looking at all of them, in order", () => {
    const loop = [{ x: 0.1, y: 0.1 }, { x: 0.9, y: 0.2 }, { x: 0.4, y: 0.4 }, { x: 0.5, y: 0.95 }];
    const all = xs.map((_, i) => i).filter((i) => isInside(loop, points.x[i] ?? 0, points.y[i] ?? 0));
    expect(all.length).toBeGreaterThan(100);
    expect(index.inside(loop)).toEqual(all);
    expect(index.inside(loop.slice(0, 2))).toEqual([]);
  });
  it("passes over what is no number, and stands on one place or none", () => {
    expect(new GridIndex(pointsOf([[NaN, 1], [0.5, 0.5]])).nearest(unit, size, { x: 100, y: 50 }, 5)).toBe(1);
    expect(new GridIndex(pointsOf([])).nearest(unit, size, { x: 0, y: 0 }, 5)).toBeNull();
    const same = new GridIndex(pointsOf([[2, 2], [2, 2]]));
    expect(same.inside([{ x: 1, y: 1 }, { x: 3, y: 1 }, { x: 3, y: 3 }, { x: 1, y: 3 }])).toEqual([0, 1]);
  });
  it("knows the inside of a loop with a bay", () => {
    const bay = [{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 4 }, { x: 2, y: 1 }, { x: 0, y: 4 }];
    expect(isInside(bay, 1, 1)).toBe(true);
    expect(isInside(bay, 2, 3)).toBe(false);
    expect(isInside(bay, 5, 1)).toBe(false);
  });
});
