import type { SampleRow } from "../../api/types";

/** Chosen images by their key. */
export type Selection = ReadonlyMap<string, SampleRow>;
