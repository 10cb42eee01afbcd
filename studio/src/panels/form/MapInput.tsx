import { Plus, X } from "lucide-react";
import { useState } from "react";

import { Button, IconButton } from "../../kit/Button";
import type { Shape } from "../../model/form";
import { Control } from "./Control";
import type { ControlProps } from "./control";
import css from "./form.module.css";

const MOST_SHOWN = 100;

/** Names with values. A new name is typed below; an entry is changed and removed in its line. */
export function MapInput(props: ControlProps<Shape & { kind: "map" }>) {
  const { id, label, shape, value, describedBy, onCommit } = props;
  const [name, setName] = useState("");
  const map = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const entries = Object.entries(map);
  const trimmed = name.trim();
  const whyNot = trimmed === "" ? "Type a name first." : trimmed in map ? `'${trimmed}' is there already.` : null;
  const add = () => {
    if (whyNot) return;
    onCommit({ ...map, [trimmed]: "" });
    setName("");
  };
  return (
    <div role="group" aria-label={label} aria-describedby={describedBy}>
      <ul className={css.items}>
        {entries.slice(0, MOST_SHOWN).map(([key, item]) => (
          <li key={key} className={css.item}>
            <span className={css.mono} style={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
              {key}
            </span>
            <div style={{ flex: 1, minWidth: 0 }}>
              <Control
                label={`${label}, ${key}`}
                shape={shape.value}
                value={item}
                emptyWords={null}
                onCommit={(next) => onCommit({ ...map, [key]: next })}
              />
            </div>
            <IconButton
              label={`Remove ${key}`}
              className={css.reset ?? ""}
              onClick={() => onCommit(Object.fromEntries(entries.filter(([other]) => other !== key)))}
            >
              <X size={14} />
            </IconButton>
          </li>
        ))}
      </ul>
      {entries.length > MOST_SHOWN ? <p className={css.help}>And {entries.length - MOST_SHOWN} more.</p> : null}
      <div className={css.line}>
        <input
          {...(id ? { id } : {})}
          aria-label={`New name in ${label}`}
          className={css.input}
          placeholder="New name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => (event.key === "Enter" ? add() : undefined)}
        />
        <Button onClick={add} whyNot={whyNot} aria-label={`Add to ${label}`}>
          <Plus size={14} aria-hidden /> Add
        </Button>
      </div>
    </div>
  );
}
