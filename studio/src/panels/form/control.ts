import type { Shape } from "../../model/form";

/** What every control of a form takes. A control commits whole values, each as one edit. */
export type ControlProps<S extends Shape = Shape> = {
  id?: string;
  /** Read aloud where no label points at `id`. */
  label: string;
  shape: S;
  value: unknown;
  /** What nothing means; null where nothing is no value. */
  emptyWords: string | null;
  describedBy?: string | undefined;
  isInvalid?: boolean;
  onCommit: (value: unknown) => void;
};

/** Return how a control is named: by the label that points at it, else by itself. */
export const named = ({ id, label, describedBy, isInvalid }: ControlProps) => ({
  ...(id ? { id } : { "aria-label": label }),
  "aria-describedby": describedBy,
  "aria-invalid": isInvalid || undefined,
});
