import { type KeyboardEvent, useEffect, useId, useRef } from "react";

import { type Shape, limitWords, readLine, sliderOf, typed } from "../../model/form";
import { type ControlProps, named } from "./control";
import css from "./form.module.css";
import { useDraft } from "./useDraft";

const SETTLES_MS = 350;

/** One line for text, a number or a row of numbers. Enter or leaving commits, Escape restores. */
export function LineInput(props: ControlProps) {
  const { shape, value, emptyWords, onCommit } = props;
  const draft = useDraft(typed(value));
  const faultId = useId();
  const isNothing = draft.text.trim() === "" && emptyWords !== null;
  const read = isNothing ? { value: null } : readLine(shape, draft.text);
  const fault = "fault" in read && draft.text !== typed(value) ? read.fault : null;
  const isFaulty = fault !== null || props.isInvalid === true;
  const commit = () => {
    if ("value" in read && draft.text !== typed(value)) onCommit(read.value);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter") commit();
    if (event.key === "Escape" && draft.text !== typed(value)) {
      event.stopPropagation();
      draft.restore();
    }
  };
  return (
    <>
      <div className={css.line}>
        <Slider {...props} onDraft={draft.setText} text={draft.text} />
        <input
          {...named(props)}
          aria-describedby={[props.describedBy, fault ? faultId : ""].filter(Boolean).join(" ") || undefined}
          aria-invalid={isFaulty || undefined}
          className={[css.input, shape.kind === "text" ? "" : css.mono].join(" ")}
          value={draft.text}
          placeholder={emptyWords ?? placeholder(shape)}
          inputMode={shape.kind === "number" ? "decimal" : "text"}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => draft.setText(event.target.value)}
          onBlur={commit}
          onKeyDown={keys}
        />
      </div>
      {fault ? (
        <span id={faultId} className={css.fault} role="alert">
          {fault} The flow keeps {typed(value) || "what it had"}.
        </span>
      ) : null}
    </>
  );
}

function placeholder(shape: Shape): string {
  if (shape.kind === "number") return limitWords(shape.limits);
  if (shape.kind === "list" || shape.kind === "pair") return "Numbers, with commas between them";
  return "";
}

/** A slider where both limits are known; it commits when the hand rests. */
function Slider({ label, shape, value, text, onDraft, onCommit }: ControlProps & { text: string; onDraft: (text: string) => void }) {
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const range = sliderOf(shape);
  if (!range || typeof value !== "number") return null;
  const move = (wanted: number) => {
    const rounded = Number(wanted.toPrecision(4));
    onDraft(String(rounded));
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onCommit(rounded), SETTLES_MS);
  };
  const shown = Number(text);
  return (
    <input
      type="range"
      className={css.slider}
      aria-label={`${label}, slider`}
      min={range.min}
      max={range.max}
      step={range.step}
      value={Number.isFinite(shown) ? shown : value}
      onChange={(event) => move(event.target.valueAsNumber)}
    />
  );
}
