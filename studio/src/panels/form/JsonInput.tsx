import { LineInput } from "./LineInput";
import type { ControlProps } from "./control";

/** Any value: what reads as JSON is taken so ("3", "true", "[1, 2]"), anything else as text. */
export function JsonInput(props: ControlProps) {
  return (
    <LineInput
      {...props}
      shape={{ kind: "text", pattern: null }}
      value={written(props.value)}
      onCommit={(text) => props.onCommit(text === null ? null : read(String(text)))}
    />
  );
}

function written(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value ?? null);
  return value !== "" && typeof read(value) !== "string" ? JSON.stringify(value) : value;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
