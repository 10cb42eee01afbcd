import { Check, Minus, X } from "lucide-react";

import { verdictOf } from "../../model/views";
import css from "./content.module.css";

/** Right or wrong: an icon and the word. */
export function Verdict({ isRight }: { isRight: boolean | null | undefined }) {
  const { tone, word } = verdictOf(isRight);
  const Icon = tone === "ok" ? Check : tone === "error" ? X : Minus;
  return (
    <span className={css.verdict} data-tone={tone}>
      <Icon size={12} aria-hidden />
      {word}
    </span>
  );
}
