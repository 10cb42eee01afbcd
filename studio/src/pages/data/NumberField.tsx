import { useState } from "react";

import { TextField } from "../../kit/Field";

type Props = {
  label: string;
  help: string;
  value: number;
  least: number;
  most: number;
  isWhole?: boolean;
  onCommit: (value: number) => void;
};

/** A number that is taken over on Enter and when the field is left; Escape brings the old one back. */
export function NumberField({ label, help, value, least, most, isWhole = false, onCommit }: Props) {
  const [text, setText] = useState<string | null>(null);
  const next = Number((text ?? "").replace(",", "."));
  const error = text === null ? null : whyNot(text, next, least, most, isWhole);
  const commit = () => {
    if (text !== null && !error && next !== value) onCommit(next);
    if (!error) setText(null);
  };
  return (
    <TextField
      label={label}
      help={help}
      inputMode="decimal"
      value={text ?? String(value)}
      error={error}
      onChange={(event) => setText(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape") setText(null);
      }}
    />
  );
}

function whyNot(text: string, value: number, least: number, most: number, isWhole: boolean): string | null {
  if (text.trim() === "" || !Number.isFinite(value)) return "A number is wanted.";
  if (isWhole && !Number.isInteger(value)) return "A whole number is wanted.";
  return value < least || value > most ? `From ${least} to ${most.toLocaleString("en-US")}.` : null;
}
