/** Numbers, sizes, times and shapes as they are written on the screen; one way for each. */

const DASH = "–";
const isNumber = (value: number | null | undefined): value is number => typeof value === "number" && !Number.isNaN(value);

/** Digits without zeros that say nothing: "2.10" is "2.1", "3.0" is "3". */
function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let size = Math.abs(value);
  let unit = 0;
  while (unit < units.length - 1 && Number(size.toFixed(size < 100 && unit > 0 ? 1 : 0)) >= base) {
    size /= base;
    unit += 1;
  }
  const digits = unit > 0 && size < 99.95 ? 1 : 0;
  const sign = value < 0 ? "−" : "";
  return `${sign}${trim(size.toFixed(digits))}${units[unit] ? ` ${units[unit]}` : ""}`;
}

/** A count in few letters: 1234567 is "1.2 M". */
export function formatCount(value: number | null | undefined): string {
  return isNumber(value) ? scaled(value, 1000, ["", "k", "M", "B", "T"]) : DASH;
}

/** A count in full: "1,234,567". */
export function formatExact(value: number | null | undefined): string {
  return isNumber(value) ? Math.round(value).toLocaleString("en-US") : DASH;
}

/** Parameters of a model in few letters: "2.1 M". */
export const formatParameters = formatCount;

/** Bytes in powers of 1024: "4.5 MB". */
export function formatBytes(value: number | null | undefined): string {
  return isNumber(value) ? scaled(value, 1024, ["B", "kB", "MB", "GB", "TB", "PB"]) : DASH;
}

/** A time: "3 ms", "1.5 s", "1 min 20 s", "2 h 5 min". */
export function formatSeconds(value: number | null | undefined): string {
  if (!isNumber(value) || !Number.isFinite(value)) return DASH;
  if (value > 0 && value < 0.0005) return "< 1 ms";
  if (value < 0.9995) return `${Math.round(value * 1000)} ms`.replace(/^0 ms$/, "0 s");
  if (value < 9.95) return `${trim(value.toFixed(1))} s`;
  const seconds = Math.round(value);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return join(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 60 * 24) return join(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return join(Math.floor(hours / 24), "d", hours % 24, "h");
}

const join = (large: number, one: string, small: number, two: string): string =>
  small ? `${large} ${one} ${small} ${two}` : `${large} ${one}`;

/** A share of one: 0.873 is "87.3 %". */
export function formatPercent(value: number | null | undefined, digits = 1): string {
  return isNumber(value) ? `${trim((100 * value).toFixed(digits))} %` : DASH;
}

/** A shape: "4 × 3 × 224 × 224"; letters stand for sizes that are not known yet. */
export function formatShape(shape: readonly (number | string)[] | null | undefined): string {
  if (!shape) return DASH;
  return shape.length ? shape.join(" × ") : "one number";
}

/** A number with about three digits that count: 0.01234 is "0.0123", 0.0000012 is "1.2e-6". */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return DASH;
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return minus(value.toExponential(2).replace(/\.?0+e/, "e"));
  if (size >= 1e6) return minus(value.toExponential(2).replace(/\.?0+e\+?/, "e"));
  if (size >= 1000) return minus(Math.round(value).toLocaleString("en-US"));
  return minus(trim(value.toFixed(Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(size || 1)))))));
}

const minus = (text: string): string => (text === "-0" ? "0" : text.replace(/^-/, "−"));

/** A date in the reader's own words and time zone; seconds since 1970 or ISO. */
export function formatWhen(when: number | string | null | undefined, now: Date = new Date()): string {
  if (when === null || when === undefined || when === "") return DASH;
  const date = new Date(typeof when === "number" ? when * 1000 : when);
  if (Number.isNaN(date.getTime())) return DASH;
  const seconds = (now.getTime() - date.getTime()) / 1000;
  if (seconds >= -5 && seconds < 45) return "just now";
  if (seconds >= 0 && seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (date.toDateString() === now.toDateString()) return `today ${time}`;
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (date.toDateString() === yesterday.toDateString()) return `yesterday ${time}`;
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`;
}

const pad = (value: number): string => String(value).padStart(2, "0");

/** "1 layer", "2 layers". */
export function formatPlural(count: number, one: string, many = `${one}s`): string {
  return `${formatExact(count)} ${count === 1 ? one : many}`;
}
