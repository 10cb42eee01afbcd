/** Predictions that are numbers, as pairs of true and predicted values. */
import type { PredictionRow } from "../api/types";

/** Return the names of the numbers: those that the run's data names, and what else the rows hold. */
export function numberNames(rows: readonly PredictionRow[], named: readonly string[] = []): string[] {
  const held = Object.keys(rows[0]?.values ?? {});
  const known = rows.length ? named.filter((name) => held.includes(name)) : [...named];
  return [...known, ...held.filter((name) => !known.includes(name))];
}

/** Return true (x) and predicted (y) values of a number, and their rows; rows without both are left out. */
export function pairsOf(rows: readonly PredictionRow[], name: string): { x: Float32Array; y: Float32Array; kept: PredictionRow[] } {
  const kept = rows.filter((row) => Number.isFinite(row.values[name]) && Number.isFinite(row.label_values[name]));
  return {
    x: Float32Array.from(kept, (row) => row.label_values[name] ?? NaN),
    y: Float32Array.from(kept, (row) => row.values[name] ?? NaN),
    kept,
  };
}

/** Return rows with the largest distance between predicted and true value first; equals by key. */
export function furthestFirst(rows: readonly PredictionRow[], name: string): PredictionRow[] {
  const off = (row: PredictionRow) => Math.abs((row.values[name] ?? NaN) - (row.label_values[name] ?? NaN));
  return [...rows].sort((a, b) => off(b) - off(a) || (a.key < b.key ? -1 : 1));
}
