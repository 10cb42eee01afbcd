import { type ReactNode, useMemo } from "react";

import type { Problem, Proposal } from "../api/types";
import { type Field, saved } from "../model/form";
import { FieldRow } from "./form/FieldRow";
import css from "./form/form.module.css";

type Props = {
  fields: readonly Field[];
  values: Readonly<Record<string, unknown>>;
  problems?: readonly Problem[];
  proposals?: readonly Proposal[];
  /** Further ways to set a setting, by its name. */
  extras?: Readonly<Record<string, ReactNode>>;
  /** Called with a value that differs from the default, or undefined to take the default again. */
  onSet: (name: string, value: unknown) => void;
};

const NONE: readonly never[] = [];

/** Settings as a form. Each change is one call of `onSet`, and so one edit. */
export function SettingsForm({ fields, values, problems = NONE, proposals = NONE, extras = {}, onSet }: Props) {
  const setters = useMemo(() => {
    const byName = new Map(fields.map((field) => [field.name, field]));
    return (name: string, value: unknown) => {
      const field = byName.get(name);
      onSet(name, field && value !== undefined ? saved(field, value) : value);
    };
  }, [fields, onSet]);
  return (
    <div className={css.form}>
      {fields.map((field) => (
        <FieldRow
          key={field.name}
          field={field}
          value={values[field.name]}
          problems={pick(problems, field.name)}
          proposals={pick(proposals, field.name)}
          extra={extras[field.name]}
          onSet={setters}
        />
      ))}
    </div>
  );
}

function pick<T extends { setting?: string | null }>(items: readonly T[], name: string): readonly T[] {
  const found = items.filter((item) => item.setting === name);
  return found.length ? found : NONE;
}
