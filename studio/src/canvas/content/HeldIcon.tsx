import { Flame, Minus, Snowflake } from "lucide-react";

import type { Held } from "../../model/boundary";
import css from "./base.module.css";

export const HELD_WORDS: Record<Held, string> = {
  frozen: "frozen",
  trainable: "trainable",
  partly: "partly frozen",
  empty: "nothing to train",
};

/** Snowflake, flame, half of each, or a line where there is nothing to train. */
export function HeldIcon({ held, size = 13 }: { held: Held; size?: number }) {
  if (held === "partly") return <span className={css.half} style={{ width: size - 1, height: size - 1 }} aria-hidden />;
  const Icon = held === "frozen" ? Snowflake : held === "trainable" ? Flame : Minus;
  return <Icon size={size} aria-hidden className={css.heldIcon} data-held={held} />;
}
