import type { RunCard } from "../../api/types";

/** The dialog of a run that is open. */
export type RunDialog = { kind: "rename" | "note" | "delete"; run: RunCard };
