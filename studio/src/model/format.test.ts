import { describe, expect, it } from "vitest";

import * as f from "./format";

describe("numbers on the screen", () => {
  it.each([
    [0, "0"], [1, "1"], [999, "999"], [1000, "1 k"], [9960, "10 k"], [10_000, "10 k"], [999_499, "999 k"],
    [999_700, "1 M"], [1_234_567, "1.2 M"], [2_100_000, "2.1 M"], [25_557_032, "25.6 M"], [125_600_000, "126 M"], [-1500, "−1.5 k"],
  ])("a count %d is %s", (value, text) => expect(f.formatCount(value)).toBe(text));

  it.each([[0, "0 B"], [1023, "1023 B"], [1024, "1 kB"], [4.5 * 1024 ** 2, "4.5 MB"], [1024 ** 2 - 1, "1 MB"]])(
    "%d bytes are %s",
    (value, text) => expect(f.formatBytes(value)).toBe(text),
  );

  it.each([
    [0, "0 s"], [0.0001, "< 1 ms"], [0.038, "38 ms"], [0.9996, "1 s"], [1.5, "1.5 s"], [59.7, "1 min"],
    [80, "1 min 20 s"], [3600, "1 h"], [7500, "2 h 5 min"], [90_000, "1 d 1 h"],
  ])("%d seconds are %s", (value, text) => expect(f.formatSeconds(value)).toBe(text));

  it.each([[0.873, "87.3 %"], [1, "100 %"], [0, "0 %"]])("a share %d is %s", (value, text) =>
    expect(f.formatPercent(value)).toBe(text),
  );

  it.each([
    [0, "0"], [0.01234, "0.0123"], [1.5, "1.5"], [12.345, "12.3"], [123.4, "123"], [12_345, "12,345"],
    [-0.5, "−0.5"], [0.0000012, "1.2e-6"], [2.5e7, "2.5e7"], [Number.NaN, "not a number"], [-Infinity, "−∞"],
  ])("a number %d is %s", (value, text) => expect(f.formatNumber(value)).toBe(text));

  it("a shape, and a number without one", () => {
    expect(f.formatShape([4, 3, 224, 224])).toBe("4 × 3 × 224 × 224");
    expect(f.formatShape(["b", 512])).toBe("b × 512");
    expect(f.formatShape([])).toBe("one number");
  });

  it("what is not known is a dash, never a wrong number", () => {
    for (const format of [f.formatCount, f.formatExact, f.formatBytes, f.formatSeconds, f.formatNumber, f.formatWhen])
      expect(format(null)).toBe("–");
    expect(f.formatShape(undefined)).toBe("–");
    expect(f.formatPercent(undefined)).toBe("–");
  });

  it("a full count has its commas, words their plural", () => {
    expect(f.formatExact(1_234_567)).toBe("1,234,567");
    expect(f.formatPlural(1, "layer")).toBe("1 layer");
    expect(f.formatPlural(2, "class", "classes")).toBe("2 classes");
  });

  it("a time says how long ago, then the day", () => {
    const now = new Date(2026, 2, 10, 15, 0, 0);
    const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime() / 1000;
    expect(f.formatWhen(now.getTime() / 1000 - 10, now)).toBe("just now");
    expect(f.formatWhen(now.getTime() / 1000 - 300, now)).toBe("5 min ago");
    expect(f.formatWhen(at(2026, 2, 10, 9, 5), now)).toBe("today 09:05");
    expect(f.formatWhen(at(2026, 2, 9, 23, 5), now)).toBe("yesterday 23:05");
    expect(f.formatWhen(new Date(2025, 0, 2, 3, 4).toISOString(), now)).toBe("2025-01-02 03:04");
    expect(f.formatWhen("nonsense", now)).toBe("–");
  });
});
