/** Many points on a plane: where they lie on the screen, which one is near, which lie in a drawn loop. */

export type Points = { x: Float32Array; y: Float32Array };
/** The stretch of data that is shown. Its y grows upward. */
export type Window = { x0: number; x1: number; y0: number; y1: number };
export type Rgb = readonly [number, number, number];
export type Pixels = { data: Uint8ClampedArray; width: number; height: number };
export type Place = { x: number; y: number };

const MARGIN = 0.04;
/** Stretches of two axes that can be shown as one: the longer against the shorter. */
const MOST_UNLIKE = 4;
/** How far one can go in and out, against the stretch of all points. */
const MOST_ZOOM = 2000;
const LEAST_ZOOM = 0.2;

/** Return red, green and blue of "#abc" or "#aabbcc"; builds shorten colors where they can. */
export function parseHex(text: string): Rgb {
  const hex = text.trim().replace(/^#/, "");
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
  if (!/^[0-9a-fA-F]{6}$/.test(full)) throw new Error(`"${text}" is no color of 3 or 6 digits.`);
  const value = parseInt(full, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/**
 * Return the window that shows all points with a margin. With `isSquare` both axes show the same stretch, unless
 * one is so much longer that the points would be a line on it: a single wild prediction does that.
 */
export function windowOf({ x, y }: Points, isSquare = false): Window {
  const across = ends(x);
  const up = ends(y);
  const lengths = [across.high - across.low, up.high - up.low];
  const isAlike = Math.max(...lengths) <= MOST_UNLIKE * Math.min(...lengths);
  if (!isSquare || !isAlike) return { x0: across.low, x1: across.high, y0: up.low, y1: up.high };
  const low = Math.min(across.low, up.low);
  const high = Math.max(across.high, up.high);
  return { x0: low, x1: high, y0: low, y1: high };
}

/** Return how many points have a place: those that are no numbers are not shown. */
export function countThere({ x, y }: Points): number {
  let count = 0;
  for (let i = 0; i < x.length; i += 1) if (Number.isFinite(x[i]) && Number.isFinite(y[i])) count += 1;
  return count;
}

function ends(values: Float32Array): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: 0, high: 1 };
  const margin = MARGIN * (high - low || Math.abs(low) || 1);
  return { low: low - margin, high: high + margin };
}

/** Return the window moved by shares of itself: right and up are positive. */
export function panned(view: Window, right: number, up: number): Window {
  const dx = right * (view.x1 - view.x0);
  const dy = up * (view.y1 - view.y0);
  return { x0: view.x0 + dx, x1: view.x1 + dx, y0: view.y0 + dy, y1: view.y1 + dy };
}

/** Return the window with `factor` times the detail; the place `at` (shares from left and from below) stays. */
export function zoomed(view: Window, factor: number, whole: Window, at: Place = { x: 0.5, y: 0.5 }): Window {
  const width = view.x1 - view.x0;
  const now = (whole.x1 - whole.x0) / width;
  const by = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, now * factor)) / now;
  const x = view.x0 + at.x * width;
  const y = view.y0 + at.y * (view.y1 - view.y0);
  return { x0: x - (x - view.x0) / by, x1: x + (view.x1 - x) / by, y0: y - (y - view.y0) / by, y1: y + (view.y1 - y) / by };
}

/** Return round numbers within the window, about `most` of them. */
export function ticks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const found: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) found.push(Number((i * step).toPrecision(12)));
  return found;
}

/** Where a point of the data lies on a field of that size, from the upper left. */
export function placeOf(view: Window, size: { width: number; height: number }, x: number, y: number): Place {
  return {
    x: ((x - view.x0) / (view.x1 - view.x0)) * size.width,
    y: (1 - (y - view.y0) / (view.y1 - view.y0)) * size.height,
  };
}

/** The point of the data at a place of the field. */
export function dataAt(view: Window, size: { width: number; height: number }, at: Place): Place {
  return {
    x: view.x0 + (at.x / size.width) * (view.x1 - view.x0),
    y: view.y1 - (at.y / size.height) * (view.y1 - view.y0),
  };
}

/** Pixels of a small disc around its middle: steps across and down, and how much of each is covered, to 256. */
export function disc(diameter: number): { across: Int32Array; down: Int32Array; covered: Int32Array } {
  const radius = diameter / 2;
  const reach = Math.ceil(radius - 0.5);
  const parts: [number, number, number][] = [];
  for (let down = -reach; down <= reach; down += 1)
    for (let across = -reach; across <= reach; across += 1) {
      const share = coverage(across, down, radius);
      if (share > 0) parts.push([across, down, Math.round(256 * share)]);
    }
  const column = (index: 0 | 1 | 2) => Int32Array.from(parts, (part) => part[index]);
  return { across: column(0), down: column(1), covered: column(2) };
}

function coverage(across: number, down: number, radius: number): number {
  const fine = 6;
  let inside = 0;
  for (let i = 0; i < fine; i += 1)
    for (let j = 0; j < fine; j += 1)
      if (Math.hypot(across + (i + 0.5) / fine - 0.5, down + (j + 0.5) / fine - 0.5) <= radius) inside += 1;
  return inside / (fine * fine);
}

export type Style = {
  background: Rgb;
  /** Color of each class. */
  palette: readonly Rgb[];
  /** Of points that are not chosen while others are. */
  muted: Rgb;
  /** Diameter of a disc in pixels of the buffer. */
  diameter: number;
  /** From 0, not to be seen, to 1. */
  opacity: number;
};

/** Draw all points: each a disc that lets what lies under it shine through. Chosen ones come last. */
export function paint(pixels: Pixels, points: Points & { color?: Uint8Array | undefined }, view: Window, style: Style, chosen: Uint8Array | null): void {
  const { background } = style;
  const word = new Uint32Array(pixels.data.buffer, pixels.data.byteOffset, pixels.data.length / 4);
  word.fill(wordOf(background));
  if (!chosen) return layer(pixels, points, view, style, null, 0);
  layer(pixels, points, view, { ...style, palette: [style.muted], opacity: style.opacity * 0.5 }, chosen, 0);
  layer(pixels, points, view, { ...style, opacity: 1 }, chosen, 1);
}

/** Red, green, blue as one number of a buffer of pixels, in the order of this machine's bytes. */
function wordOf([red, green, blue]: Rgb): number {
  return new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0] ?? 0;
}

function layer(
  { data, width, height }: Pixels,
  { x, y, color }: Points & { color?: Uint8Array | undefined },
  view: Window,
  { palette, diameter, opacity }: Style,
  chosen: Uint8Array | null,
  wanted: 0 | 1,
): void {
  const { across, down, covered } = disc(diameter);
  const size = covered.length;
  const scaleX = width / (view.x1 - view.x0);
  const scaleY = height / (view.y1 - view.y0);
  const reach = Math.ceil(diameter / 2);
  for (let i = 0; i < x.length; i += 1) {
    if (chosen && chosen[i] !== wanted) continue;
    const left = Math.floor(((x[i] as number) - view.x0) * scaleX);
    const top = Math.floor((view.y1 - (y[i] as number)) * scaleY);
    // Written so that what is not a number is left out as well.
    if (!(left >= -reach && left < width + reach && top >= -reach && top < height + reach)) continue;
    const [red, green, blue] = palette[(color?.[i] ?? 0) % palette.length] as Rgb;
    for (let part = 0; part < size; part += 1) {
      const column = left + (across[part] as number);
      const row = top + (down[part] as number);
      if (column < 0 || column >= width || row < 0 || row >= height) continue;
      const at = 4 * (row * width + column);
      const share = (covered[part] as number) * opacity;
      blend(data, at, red, share);
      blend(data, at + 1, green, share);
      blend(data, at + 2, blue, share);
    }
  }
}

function blend(data: Uint8ClampedArray, at: number, value: number, share: number): void {
  const under = data[at] as number;
  data[at] = under + ((value - under) * share) / 256;
}

/** Points sorted into boxes of equal size, so that looking near a place does not look at all of them. */
export class GridIndex {
  private readonly side: number;
  private readonly starts: Uint32Array;
  private readonly members: Uint32Array;
  private readonly whole: Window;

  constructor(private readonly points: Points) {
    const { x, y } = points;
    this.whole = windowOf(points);
    this.side = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(x.length / 4))));
    const boxes = new Int32Array(x.length);
    this.starts = new Uint32Array(this.side * this.side + 1);
    for (let i = 0; i < x.length; i += 1) {
      const isThere = Number.isFinite(x[i]) && Number.isFinite(y[i]);
      const box = isThere ? this.row(y[i] as number) * this.side + this.column(x[i] as number) : -1;
      boxes[i] = box;
      if (box >= 0) this.starts[box + 1] = (this.starts[box + 1] as number) + 1;
    }
    for (let i = 1; i < this.starts.length; i += 1) this.starts[i] = (this.starts[i] as number) + (this.starts[i - 1] as number);
    this.members = new Uint32Array(this.starts[this.starts.length - 1] ?? 0);
    const next = this.starts.slice();
    boxes.forEach((box, i) => {
      if (box < 0) return;
      const at = next[box] as number;
      this.members[at] = i;
      next[box] = at + 1;
    });
  }

  /** Return the point nearest to a place of the field and at most `reach` pixels away, or null. */
  nearest(view: Window, size: { width: number; height: number }, at: Place, reach: number): number | null {
    const low = dataAt(view, size, { x: at.x - reach, y: at.y + reach });
    const high = dataAt(view, size, { x: at.x + reach, y: at.y - reach });
    let best: number | null = null;
    let least = reach * reach;
    this.within(low, high, (i) => {
      const place = placeOf(view, size, this.points.x[i] as number, this.points.y[i] as number);
      const distance = (place.x - at.x) ** 2 + (place.y - at.y) ** 2;
      if (distance > least || (distance === least && best !== null)) return;
      least = distance;
      best = i;
    });
    return best;
  }

  /** Return the points inside a loop of places in the data, in order. */
  inside(loop: readonly Place[]): number[] {
    if (loop.length < 3) return [];
    const xs = loop.map((place) => place.x);
    const ys = loop.map((place) => place.y);
    const found: number[] = [];
    this.within({ x: Math.min(...xs), y: Math.min(...ys) }, { x: Math.max(...xs), y: Math.max(...ys) }, (i) => {
      if (isInside(loop, this.points.x[i] as number, this.points.y[i] as number)) found.push(i);
    });
    return found.sort((a, b) => a - b);
  }

  private within(low: Place, high: Place, visit: (index: number) => void): void {
    for (let row = this.row(low.y); row <= this.row(high.y); row += 1)
      for (let column = this.column(low.x); column <= this.column(high.x); column += 1) {
        const box = row * this.side + column;
        for (let at = this.starts[box] as number; at < (this.starts[box + 1] as number); at += 1) visit(this.members[at] as number);
      }
  }

  private column = (x: number) => this.box((x - this.whole.x0) / (this.whole.x1 - this.whole.x0));
  private row = (y: number) => this.box((y - this.whole.y0) / (this.whole.y1 - this.whole.y0));
  private box = (share: number) => Math.min(this.side - 1, Math.max(0, Math.floor(share * this.side)));
}

/** Whether a place lies inside a loop: a ray from it crosses the loop an odd number of times. */
export function isInside(loop: readonly Place[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = loop.length - 1; i < loop.length; j = i, i += 1) {
    const a = loop[i] as Place;
    const b = loop[j] as Place;
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

/** Diameter and opacity of a disc for a number of points: many are smaller and let more shine through. */
export function lookFor(count: number, ratio: number): { diameter: number; opacity: number } {
  const size = count > 50_000 ? 2 : count > 5_000 ? 3 : 5;
  const opacity = count > 100_000 ? 0.3 : count > 5_000 ? 0.4 : 0.8;
  return { diameter: size * ratio, opacity };
}
