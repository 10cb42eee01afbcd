/** The confusion matrix as it is shown: shares, tints, and the question behind a cell. */

export type Cell = { row: number; column: number };

/** Return each row as shares of its sum; a row without images stays 0. */
export function normalized(counts: readonly (readonly number[])[]): number[][] {
  return counts.map((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map((value) => (sum > 0 ? value / sum : 0));
  });
}

/** The strongest tint of a cell, in percent, so that its number stays readable. */
export const MOST_TINT = 34;

/** Return the tint of a cell in percent, 0 to 34: by its share of its row; one image is seen too. */
export function tint(share: number): number {
  return share <= 0 ? 0 : Math.min(MOST_TINT, Math.max(10, Math.round(MOST_TINT * Math.sqrt(share))));
}

export type PredictionQuestion = {
  split: "validation" | "test";
  label?: string;
  predicted?: string;
  only: "all" | "wrong" | "right";
  /** Id of an evaluation on other data. */
  on?: string;
  /** A slice of the evaluation: what the images are parted by, and which part. */
  trait?: string;
  part?: string;
  sort: "loss" | "confidence" | "entropy" | "margin" | "key";
  descending: boolean;
};

/** Return the question whose answer are the images of a cell: the surest mistakes first. */
export function cellQuestion(classes: readonly string[], cell: Cell, split: "validation" | "test"): PredictionQuestion {
  const label = classes[cell.row];
  const predicted = classes[cell.column];
  return {
    split,
    ...(label === undefined ? {} : { label }),
    ...(predicted === undefined ? {} : { predicted }),
    only: "all",
    sort: "loss",
    descending: true,
  };
}

export type Pair = Cell & { count: number };

/** Return the confused pairs, the commonest first. */
export function confusedPairs(counts: readonly (readonly number[])[], most = 50): Pair[] {
  const pairs = counts.flatMap((values, row) =>
    values.map((count, column) => ({ row, column, count })).filter((cell) => cell.count > 0 && cell.row !== cell.column),
  );
  return pairs.sort((a, b) => b.count - a.count || a.row - b.row || a.column - b.column).slice(0, most);
}

/** Return where an arrow key leads from a cell. */
export function moved(cell: Cell, key: string, size: number): Cell | null {
  const last = size - 1;
  const row = cell.row + (key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0);
  const column =
    key === "Home" ? 0 : key === "End" ? last : cell.column + (key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0);
  const next = { row: Math.min(last, Math.max(0, row)), column: Math.min(last, Math.max(0, column)) };
  return next.row === cell.row && next.column === cell.column ? null : next;
}
