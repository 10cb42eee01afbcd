/** The proof of a run in one sentence, and what transfer gave. */
import type { Controls, Interval, Proof } from "../api/types";
import { formatExact } from "./format";

/** Whether everything frozen stayed and everything trainable moved. */
export const proofHolds = (proof: Proof): boolean =>
  proof.frozen_unchanged && proof.moved_tensors === proof.trainable_tensors;

/** Return what stayed: "2,231,360 frozen values bit-identical". */
export function frozenWords(proof: Proof): string {
  if (proof.frozen_values === 0) return "Nothing was frozen";
  const values = `${formatExact(proof.frozen_values)} frozen values`;
  if (proof.frozen_unchanged) return `${values} bit-identical`;
  return `${values}, of which ${count(proof.changed_frozen.length, "tensor")} changed: ${some(proof.changed_frozen)}`;
}

/** Return what moved: "12,810 trainable values, all moved". */
export function trainableWords(proof: Proof): string {
  if (proof.trainable_values === 0) return "Nothing was trainable";
  const values = `${formatExact(proof.trainable_values)} trainable values`;
  if (proof.moved_tensors === proof.trainable_tensors) return `${values}, all moved`;
  return `${values}, of which ${count(proof.unmoved.length, "tensor")} did not move: ${some(proof.unmoved)}`;
}

/** Return a difference in points with its sign: "+31 points". */
export function points(gain: number): string {
  const size = Math.abs(gain);
  const digits = size < 10 && Math.round(size) !== size ? size.toFixed(1) : String(Math.round(size));
  const sign = gain > 0 ? "+" : gain < 0 ? "−" : "±";
  return `${sign}${digits} ${digits === "1" || digits === "1.0" ? "point" : "points"}`;
}

/** Return a difference with its interval, in points: "+31 points (+22 to +40)"; without one, the difference alone. */
export function gainWithInterval(gain: number, interval: Interval | null): string {
  if (!interval || !Number.isFinite(interval.low) || !Number.isFinite(interval.high)) return points(gain);
  const end = (value: number) => points(100 * value).replace(/ points?$/, "");
  return `${points(gain)} (${end(interval.low)} to ${end(interval.high)})`;
}

/** Return what transfer gave, in a clause; null where it is not known. */
export function gainWords(controls: Controls | undefined): string | null {
  if (!controls || controls.gain_over_scratch === null) return null;
  return `transfer gave ${points(controls.gain_over_scratch)} over scratch`;
}

/** Return the whole sentence. */
export function proofSentence(proof: Proof, controls: Controls | undefined): string {
  return [frozenWords(proof), trainableWords(proof), gainWords(controls)].filter(Boolean).join("; ");
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
const some = (names: readonly string[]): string => names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
