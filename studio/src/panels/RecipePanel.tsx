import { useQuery } from "@tanstack/react-query";
import { type ReactNode, Suspense, useCallback, useMemo, useRef, useState } from "react";

import type { Recipe } from "../api/types";
import { Button } from "../kit/Button";
import { lazily } from "../kit/lazily";
import { Busy } from "../kit/small";
import { setRecipe } from "../model/edits";
import { type Field, editWords, fieldsOf, isSame } from "../model/form";
import { inSections } from "../model/groups";
import { useCheck } from "../store/checking";
import { edit, splitKey, useDoc, useOpen } from "../store/doc";
import { ask } from "../store/session";
import { RefusalNotice } from "./RefusalNotice";
import { SettingsForm } from "./SettingsForm";
import { useFocusedSetting } from "./form/useFocusedSetting";
import css from "./left/left.module.css";

const RateFinder = lazily(() => import("./RateFinder").then((file) => ({ default: file.RateFinder })));

type RateField = "learning_rate" | "probe_learning_rate";

/** All training choices of the flow. */
export function RecipePanel() {
  const root = useRef<HTMLDivElement>(null);
  const schema = useQuery(ask.recipe());
  useFocusedSetting(root, "");
  const recipe = useDoc((state) => state.flow.recipe);
  const { problems } = useCheck();
  const fields = useMemo(() => (schema.data ? fieldsOf(schema.data) : []), [schema.data]);
  const sections = useMemo(() => inSections(fields), [fields]);
  const own = useMemo(() => problems.filter((problem) => !problem.node && problem.setting), [problems]);
  const onSet = useCallback(
    (name: string, value: unknown) => {
      // The recipe states all its settings: the default is written, not left out.
      const wanted = value === undefined ? fields.find((field) => field.name === name)?.fallback : value;
      edit(editWords(name, "the recipe", value === undefined ? undefined : wanted), (flow) => setRecipe(flow, { [name]: wanted } as Partial<Recipe>));
    },
    [fields],
  );
  const { extras, dialog } = useRateFinder();
  if (schema.error) return <RefusalNotice error={schema.error} onRetry={() => void schema.refetch()} />;
  if (!schema.data) return <Busy what="Asking what can be set…" />;
  const values = recipe as unknown as Record<string, unknown>;
  const changed = (some: readonly Field[]) => some.filter((field) => values[field.name] !== undefined && !isSame(values[field.name], field.fallback));
  const all = changed(fields);
  const reset = () =>
    edit("Reset the recipe", (flow) => setRecipe(flow, Object.fromEntries(fields.map((field) => [field.name, field.fallback])) as Partial<Recipe>));
  return (
    <div ref={root}>
      {sections.map(([title, some], index) => (
        <details key={title} className={css.section} open={index < 2 || changed(some).length > 0}>
          <summary>
            {title}
            {changed(some).length ? <span>{changed(some).length} changed</span> : null}
          </summary>
          <div className={css.fields}>
            <SettingsForm fields={some} values={values} problems={own} extras={extras} onSet={onSet} />
          </div>
        </details>
      ))}
      <p className={css.note}>
        <Button onClick={reset} whyNot={all.length ? null : "Everything is at its default."}>
          Reset all to defaults
        </Button>
      </p>
      {dialog}
    </div>
  );
}

/** Learning rates can be looked for: a button beside each, and the dialog behind it. */
function useRateFinder(): { extras: Record<RateField, ReactNode>; dialog: ReactNode } {
  const [field, setField] = useState<RateField | null>(null);
  const active = useOpen((state) => state.active);
  const place = active ? splitKey(active) : null;
  const extras = useMemo(() => {
    const button = (name: RateField) => <Button onClick={() => setField(name)}>Find a rate…</Button>;
    return { learning_rate: button("learning_rate"), probe_learning_rate: button("probe_learning_rate") };
  }, []);
  const dialog =
    field && place ? (
      <Suspense fallback={null}>
        <RateFinder project={place.project} field={field} onClose={() => setField(null)} />
      </Suspense>
    ) : null;
  return { extras, dialog };
}
