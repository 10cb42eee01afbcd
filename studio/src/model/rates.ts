/** A learning-rate range test as a drawing: the rate on a logarithmic scale, the loss on a plain one. */
import type { RateTest } from "../api/types";
import { roundEnds } from "./learning_curve";

export type RateMark = { name: string; rate: number; x: number };

export type RateDrawing = {
  course: string;
  dots: readonly { x: number; y: number }[];
  marks: readonly RateMark[];
  xs: readonly { at: number; rate: number }[];
  ys: readonly { at: number; loss: number }[];
};

type Box = { width: number; height: number; left: number; top: number; right: number; bottom: number };

/** A rate in few letters: "1e-4", "2.5e-3". */
export const rateWords = (rate: number): string => rate.toExponential(1).replace(".0e", "e").replace("e+", "e").replace("-", "−");

/** The same as it is typed and saved: 0.0025. */
export const rateValue = (rate: number): number => Number(rate.toPrecision(2));

/** Draw a range test into a box; what lies above twice where the loss began is cut off at the edge. */
export function drawRates(test: RateTest, box: Box): RateDrawing {
  const rates = test.points.map((point) => point.rate);
  const low = Math.min(...rates, test.planned);
  const high = Math.max(...rates, test.planned);
  const began = test.points[0]?.smoothed ?? 0;
  const most = Math.max(...test.points.map((point) => point.smoothed));
  const ends = roundEnds(Math.min(...test.points.map((point) => Math.min(point.loss, point.smoothed))), Math.min(most, Math.max(2 * began, began + 0.1)));
  const x = (rate: number) => box.left + ((box.width - box.left - box.right) * Math.log(rate / low)) / (Math.log(high / low) || 1);
  const y = (loss: number) => {
    const share = (loss - ends.low) / (ends.high - ends.low);
    return box.top + (box.height - box.top - box.bottom) * (1 - Math.min(1, Math.max(0, share)));
  };
  const named: [string, number | null][] = [
    ["planned", test.planned],
    ["suggested", test.suggested],
  ];
  return {
    course: test.points.map((point, i) => `${i ? "L" : "M"}${x(point.rate).toFixed(1)},${y(point.smoothed).toFixed(1)}`).join(""),
    dots: test.points.map((point) => ({ x: x(point.rate), y: y(point.loss) })),
    marks: named.flatMap(([name, rate]) => (rate === null ? [] : [{ name, rate, x: x(rate) }])),
    xs: decades(low, high).map((rate) => ({ at: x(rate), rate })),
    ys: ends.ticks.map((loss) => ({ at: y(loss), loss })),
  };
}

/** Return the powers of ten between two rates. */
export function decades(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(`1e${first + i}`));
}
