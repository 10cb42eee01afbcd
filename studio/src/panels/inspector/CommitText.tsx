import { type KeyboardEvent, useId } from "react";

import { useDraft } from "../form/useDraft";
import css from "./inspector.module.css";
import kit from "../../kit/kit.module.css";

type Props = {
  label: string;
  value: string;
  placeholder?: string;
  isLong?: boolean;
  help?: string;
  onCommit: (text: string) => void;
};

/** A text with its name that commits once: on Enter or on leaving. Escape restores it. */
export function CommitText({ label, value, placeholder, isLong = false, help, onCommit }: Props) {
  const id = useId();
  const draft = useDraft(value);
  const commit = () => {
    if (draft.text !== value) onCommit(draft.text);
  };
  const shared = {
    id,
    value: draft.text,
    placeholder,
    "aria-describedby": help ? `${id}-help` : undefined,
    onBlur: commit,
    onChange: (event: { target: { value: string } }) => draft.setText(event.target.value),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter" && (!isLong || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        commit();
      }
      if (event.key === "Escape" && draft.text !== value) {
        event.stopPropagation();
        draft.restore();
      }
    },
  };
  return (
    <div className={kit.field}>
      <label htmlFor={id} className={kit.label}>
        {label}
      </label>
      {isLong ? <textarea {...shared} className={css.area} /> : <input {...shared} className={kit.input} />}
      {help ? (
        <span id={`${id}-help`} className={kit.help}>
          {help}
        </span>
      ) : null}
    </div>
  );
}
