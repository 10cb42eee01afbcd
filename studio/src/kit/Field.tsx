import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";

import css from "./kit.module.css";

type FieldProps = { label: string; help?: string | undefined; error?: string | null | undefined; aside?: ReactNode };

function useField({ label, help, error, aside }: FieldProps) {
  const id = useId();
  const described = [help ? `${id}-help` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  const wrap = (control: ReactNode) => (
    <div className={css.field}>
      <span className={css.label}>
        <label htmlFor={id}>{label}</label>
        {aside}
      </span>
      {control}
      {error ? (
        <span id={`${id}-error`} className={css.error} role="alert">
          {error}
        </span>
      ) : null}
      {help ? (
        <span id={`${id}-help`} className={css.help}>
          {help}
        </span>
      ) : null}
    </div>
  );
  const attributes = { id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined };
  return { wrap, attributes };
}

type TextProps = FieldProps & Omit<InputHTMLAttributes<HTMLInputElement>, "id">;

/** One line of text or a number, with its name, help and error. */
export function TextField({ label, help, error, aside, className, ...rest }: TextProps) {
  const { wrap, attributes } = useField({ label, help, error, aside });
  return wrap(<input {...rest} {...attributes} className={[css.input, className ?? ""].join(" ")} />);
}

type SelectProps = FieldProps &
  Omit<SelectHTMLAttributes<HTMLSelectElement>, "id"> & { options: readonly (readonly [string, string])[] };

/** One of several choices: pairs of value and words. */
export function SelectField({ label, help, error, aside, options, className, ...rest }: SelectProps) {
  const { wrap, attributes } = useField({ label, help, error, aside });
  return wrap(
    <select {...rest} {...attributes} className={[css.input, className ?? ""].join(" ")}>
      {options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </select>,
  );
}
