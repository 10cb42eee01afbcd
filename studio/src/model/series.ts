/** Columns of numbers that grow while a run goes on, within a bound: memory cannot grow without end. */

/** Points that a column holds at most; a longer one is thinned to half of it. */
export const MOST_POINTS = 20_000;

export type Points = { xs: ArrayLike<number>; ys: ArrayLike<number> };

/** Pairs (x, y) with x rising. A point at or before the last x takes back what lies after it: a resumed run. */
export class Column {
  private x = new Float64Array(64);
  private y = new Float64Array(64);
  length = 0;

  constructor(private readonly most = MOST_POINTS) {}

  get xs(): Float64Array {
    return this.x.subarray(0, this.length);
  }

  get ys(): Float64Array {
    return this.y.subarray(0, this.length);
  }

  get last(): number | null {
    return this.length ? (this.y[this.length - 1] ?? null) : null;
  }

  push(x: number, y: number): void {
    while (this.length > 0 && (this.x[this.length - 1] ?? 0) >= x) this.length -= 1;
    if (this.length === this.x.length) this.widen();
    this.x[this.length] = x;
    this.y[this.length] = y;
    this.length += 1;
  }

  /** Take back what lies after x. */
  rewind(x: number): void {
    while (this.length > 0 && (this.x[this.length - 1] ?? 0) > x) this.length -= 1;
  }

  private widen(): void {
    if (this.length >= this.most) {
      const kept = downsample(this.xs, this.ys, Math.floor(this.most / 2));
      this.x.set(kept.xs);
      this.y.set(kept.ys);
      this.length = kept.xs.length;
      return;
    }
    const size = Math.min(this.most, this.x.length * 2);
    this.x = widened(this.x, size);
    this.y = widened(this.y, size);
  }
}

function widened(values: Float64Array<ArrayBuffer>, size: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(size);
  next.set(values.subarray(0, Math.min(values.length, size)));
  return next;
}

/**
 * Return at most `target` of the points: the first, the last, and the lowest and highest of each stretch
 * between, so that no peak is lost.
 */
export function downsample(xs: ArrayLike<number>, ys: ArrayLike<number>, target: number): { xs: number[]; ys: number[] } {
  const count = xs.length;
  if (count <= target || target < 4) return { xs: Array.from(xs), ys: Array.from(ys) };
  const buckets = Math.floor((target - 2) / 2);
  const kept = [0];
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = 1 + Math.floor((bucket * (count - 2)) / buckets);
    const to = 1 + Math.floor(((bucket + 1) * (count - 2)) / buckets);
    const ends = extremes(ys, from, to);
    for (const index of ends) if (index > (kept[kept.length - 1] ?? -1)) kept.push(index);
  }
  kept.push(count - 1);
  return { xs: kept.map((i) => xs[i] ?? 0), ys: kept.map((i) => ys[i] ?? 0) };
}

/** Return where the lowest and the highest value from `from` up to `to` lie, in order. */
function extremes(ys: ArrayLike<number>, from: number, to: number): number[] {
  if (from >= to) return [];
  let low = from;
  let high = from;
  for (let index = from; index < to; index += 1) {
    const value = ys[index] ?? NaN;
    if (value < (ys[low] ?? NaN) || Number.isNaN(ys[low])) low = index;
    if (value > (ys[high] ?? NaN) || Number.isNaN(ys[high])) high = index;
  }
  return low < high ? [low, high] : low > high ? [high, low] : [low];
}

/** Put several series on one axis: all their x in order, and for each series its y there or null. */
export function align(series: readonly Points[]): [number[], ...(number | null)[][]] {
  const first = series[0];
  if (first && series.every((one) => sameAxis(first.xs, one.xs))) {
    return [Array.from(first.xs), ...series.map((one) => Array.from(one.ys, finite))];
  }
  const places = [...new Set(series.flatMap((one) => Array.from(one.xs)))].sort((a, b) => a - b);
  const at = new Map(places.map((x, index) => [x, index]));
  const columns = series.map((one) => {
    const column = new Array<number | null>(places.length).fill(null);
    for (let i = 0; i < one.xs.length; i += 1) column[at.get(one.xs[i] ?? 0) ?? 0] = finite(one.ys[i] ?? NaN);
    return column;
  });
  return [places, ...columns];
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function sameAxis(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Return the points of steps, and the means of those epochs in which no step was told: steps are told a few times a
 * second, so of short epochs only the mean is known. An epoch's mean stands at its end.
 */
export function stepsOrMeans(steps: Points | undefined, means: Points | undefined): Points {
  if (!steps?.xs.length) return means ?? { xs: [], ys: [] };
  if (!means?.xs.length) return steps;
  const told = new Set(Array.from(steps.xs, (x) => Math.ceil(x)));
  const all = Array.from(steps.xs, (x, i) => [x, steps.ys[i] ?? NaN] as const);
  for (let i = 0; i < means.xs.length; i += 1) {
    const x = means.xs[i] ?? 0;
    if (!told.has(x)) all.push([x, means.ys[i] ?? NaN]);
  }
  all.sort((a, b) => a[0] - b[0]);
  return { xs: all.map(([x]) => x), ys: all.map(([, y]) => y) };
}
