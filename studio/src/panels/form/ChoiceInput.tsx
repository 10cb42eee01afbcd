import type { Shape } from "../../model/form";
import { type ControlProps, named } from "./control";
import css from "./form.module.css";

const NOTHING = "\u0000";

/** One of a few choices; choosing commits. A value that is none of them is shown too, as it is. */
export function ChoiceInput(props: ControlProps<Shape & { kind: "choice" }>) {
  const { shape, value, emptyWords, onCommit } = props;
  const isKnown = value === null || shape.choices.includes(value as string | number);
  const commit = (text: string) =>
    onCommit(text === NOTHING ? null : (shape.choices.find((choice) => String(choice) === text) ?? text));
  return (
    <select
      {...named(props)}
      className={css.input}
      value={value === null || value === undefined ? NOTHING : String(value)}
      onChange={(event) => commit(event.target.value)}
    >
      {emptyWords !== null ? <option value={NOTHING}>{emptyWords}</option> : null}
      {isKnown ? null : <option value={String(value)}>{String(value)} (not known)</option>}
      {shape.choices.map((choice) => (
        <option key={choice} value={String(choice)}>
          {String(choice).replaceAll("_", " ")}
        </option>
      ))}
    </select>
  );
}
