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

export type LineChartProps = {
  title: string;
  /** What lies along the bottom, in words. */
  along?: string;
  /** Return the lines as they are now; called at each redraw. */
  read: () => Line[];
  /** Call back at news; the chart is then drawn in the same frame. */
  subscribe?: ((draw: () => void) => () => void) | undefined;
  /** Another value draws anew. */
  version?: unknown;
  /** Charts of one name share their cursor. */
  sync?: string;
  show?: (value: number) => string;
  /** Fixed ends of the upright axis. */
  range?: readonly [number, number];
  isLog?: boolean;
  isFromZero?: boolean;
  /** Places to mark by an upright line, with words. */
  marks?: readonly { x: number; text: string }[];
  /** What will fill it. */
  empty: string;
};
