import { useId } from "react";

import type { Shape } from "../../model/form";
import { Control } from "./Control";
import type { ControlProps } from "./control";
import css from "./form.module.css";

/** A few named values together, such as a port. */
export function RecordInput({ label, shape, value, onCommit }: ControlProps<Shape & { kind: "record" }>) {
  const id = useId();
  const record = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  return (
    <div role="group" aria-label={label} className={css.form} style={{ gap: 8 }}>
      {shape.fields.map((field) => (
        <div key={field.name} className={css.row}>
          <label htmlFor={`${id}-${field.name}`} className={css.help} title={field.help}>
            {field.label}
          </label>
          <Control
            id={`${id}-${field.name}`}
            label={`${label}, ${field.label}`}
            shape={field.shape}
            value={record[field.name] === undefined ? field.fallback : record[field.name]}
            emptyWords={field.canBeEmpty ? field.emptyWords : null}
            onCommit={(next) => onCommit({ ...record, [field.name]: next })}
          />
        </div>
      ))}
    </div>
  );
}
