/** Colors of many things, made from the tokens of a theme: as a style for the page, and as numbers for a canvas. */
import { type Rgb, parseHex } from "./scatter";

/** A token, or a mix of two: `share` of the second, from 0 to 1. */
export type Ink = { token: string; into?: string; share?: number };

/** Tokens that tell things apart without meaning anything. */
const PLAIN = ["--accent", "--trainable", "--port-image", "--port-metric", "--port-features", "--ok", "--port-labels", "--error"] as const;
const ROUNDS = [
  { into: "--text", share: 0 },
  { into: "--text", share: 0.5 },
  { into: "--canvas", share: 0.45 },
] as const;

/** Color number `index` of many; after twenty-four they come again. */
export function plainInk(index: number): Ink {
  const token = PLAIN[index % PLAIN.length] ?? "--accent";
  const round = ROUNDS[Math.floor(index / PLAIN.length) % ROUNDS.length];
  return round?.share ? { token, into: round.into, share: round.share } : { token };
}

export function inkCss({ token, into, share }: Ink): string {
  if (!into || !share) return `var(${token})`;
  return `color-mix(in srgb, var(${into}) ${Math.round(100 * share)}%, var(${token}))`;
}

/** Return red, green and blue, given what the tokens are now. */
export function inkRgb({ token, into, share }: Ink, valueOf: (token: string) => string): Rgb {
  const from = parseHex(valueOf(token));
  if (!into || !share) return from;
  const to = parseHex(valueOf(into));
  const mixed = (at: 0 | 1 | 2) => Math.round(from[at] + (to[at] - from[at]) * share);
  return [mixed(0), mixed(1), mixed(2)];
}
