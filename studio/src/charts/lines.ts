import type { Points } from "../model/series";

/** One line of a chart. */
export type Line = Points & {
  key: string;
  label: string;
  /** Name of a token, such as "--accent". */
  color: string;
  dash?: readonly number[];
  width?: number;
};

/** The look of validation, everywhere. */
export const VALIDATION_DASH = [6, 4] as const;
