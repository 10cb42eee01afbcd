import { type Shape, emptyOf, faultOf } from "../../model/form";
import { Control } from "./Control";
import { type ControlProps, named } from "./control";
import css from "./form.module.css";

/** A value of one of several shapes: first which, then the value. */
export function EitherInput(props: ControlProps<Shape & { kind: "either" }>) {
  const { label, shape, value, emptyWords, onCommit } = props;
  const chosen = shape.options.findIndex((option) => faultOf(option, value) === null);
  const option = shape.options[chosen];
  const choose = (text: string) => {
    if (text === "nothing") return onCommit(null);
    const next = shape.options[Number(text)];
    if (next) onCommit(emptyOf(next));
  };
  return (
    <>
      <select
        {...named(props)}
        className={css.input}
        value={value === null ? "nothing" : String(chosen)}
        onChange={(event) => choose(event.target.value)}
      >
        {emptyWords !== null ? <option value="nothing">{emptyWords}</option> : null}
        {shape.options.map((one, index) => (
          <option key={index} value={String(index)}>
            {optionWords(one)}
          </option>
        ))}
      </select>
      {option && option.kind !== "choice" ? (
        <Control label={`${label}, value`} shape={option} value={value} emptyWords={null} onCommit={onCommit} />
      ) : null}
    </>
  );
}

function optionWords(shape: Shape): string {
  if (shape.kind === "choice") return shape.choices.join(" or ");
  if (shape.kind === "pair") return `${shape.items.length} own values`;
  return { text: "text", number: "a number", flag: "yes or no", list: "a list", record: "fields", map: "names", either: "several", json: "any value" }[
    shape.kind
  ];
}
