import { Plus, X } from "lucide-react";
import { useRef } from "react";

import { Button, IconButton } from "../../kit/Button";
import { type Shape, emptyOf, isOneLine } from "../../model/form";
import { Control } from "./Control";
import type { ControlProps } from "./control";
import css from "./form.module.css";

const MOST_SHOWN = 100;

/** A list of texts, or of records; adding, changing and removing an entry are one edit each. */
export function ListInput(props: ControlProps<Shape & { kind: "list" }>) {
  const { id, label, shape, value, onCommit, describedBy } = props;
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  const list = useRef<HTMLUListElement>(null);
  const isShort = isOneLine(shape.item);
  const isFull = shape.most !== null && items.length >= shape.most;
  const change = (index: number, item: unknown) => onCommit(items.map((old, at) => (at === index ? item : old)));
  const remove = (index: number) => onCommit(items.filter((_, at) => at !== index));
  const add = () => {
    onCommit([...items, fresh(shape.item, items.length + 1)]);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>("li:last-of-type input")?.focus());
  };
  const whyNotRemove = items.length <= shape.least ? `At least ${shape.least} must stay.` : null;
  return (
    <div role="group" aria-label={label} aria-describedby={describedBy}>
      <ul className={css.items} ref={list}>
        {items.slice(0, MOST_SHOWN).map((item, index) => {
          const name = `${label} ${index + 1}`;
          const control = (
            <Control label={name} shape={shape.item} value={item} emptyWords={null} onCommit={(next) => change(index, next)} />
          );
          const bin = (
            <IconButton label={`Remove ${name}`} whyNot={whyNotRemove} className={css.reset ?? ""} onClick={() => remove(index)}>
              <X size={14} />
            </IconButton>
          );
          return isShort ? (
            <li key={index} className={css.item}>
              <div style={{ flex: 1, minWidth: 0 }}>{control}</div>
              {bin}
            </li>
          ) : (
            <li key={index} className={css.card}>
              <div className={css.cardHead}>
                {name}
                {bin}
              </div>
              {control}
            </li>
          );
        })}
      </ul>
      {items.length > MOST_SHOWN ? <p className={css.help}>And {items.length - MOST_SHOWN} more.</p> : null}
      <div className={css.buttons}>
        <Button {...(id ? { id } : {})} onClick={add} whyNot={isFull ? `At most ${shape.most} are taken.` : null} aria-label={`Add to ${label}`}>
          <Plus size={14} aria-hidden /> Add
        </Button>
        {items.length > 1 && shape.least === 0 ? <Button onClick={() => onCommit([])}>Remove all {items.length}</Button> : null}
      </div>
    </div>
  );
}

/** A new entry; records get a name that is free, since ports are told apart by it. */
function fresh(shape: Shape, number: number): unknown {
  const empty = emptyOf(shape);
  if (shape.kind !== "record") return empty;
  return { ...(empty as Record<string, unknown>), ...(shape.fields.some((field) => field.name === "name") ? { name: `port_${number}` } : {}) };
}
