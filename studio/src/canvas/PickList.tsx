import { Command } from "cmdk";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";

import { ranked } from "../model/search";
import css from "./PickList.module.css";
import { focusCanvas } from "./ui";

export type Pick = { id: string; label: string; hint?: string; words?: string; group: string; icon?: ReactNode };

type Props = {
  at: readonly [number, number];
  title: string;
  placeholder: string;
  empty: string;
  items: readonly Pick[];
  onPick: (id: string) => void;
  onClose: () => void;
};

const WIDTH = 320;
const HEIGHT = 380;

/** A list to choose from at a point of the screen: type to narrow it, arrows and Enter, Escape leaves. */
export function PickList({ at, title, placeholder, empty, items, onPick, onClose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const leave = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) onClose();
    };
    window.addEventListener("pointerdown", leave, true);
    return () => window.removeEventListener("pointerdown", leave, true);
  }, [onClose]);
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = useMemo(() => ranked(items, query, ({ label, id, words = "", hint = "" }) => [label, id, words, hint]), [items, query]);
  const groups = [...new Set(shown.map((item) => item.group))];
  const left = Math.max(8, Math.min(at[0], window.innerWidth - WIDTH - 8));
  const top = Math.max(8, Math.min(at[1], window.innerHeight - HEIGHT - 8));
  return (
    <div ref={box} className={css.box} style={{ left, top, width: WIDTH, maxHeight: HEIGHT }} role="dialog" aria-label={title}>
      <Command
        label={title}
        loop
        shouldFilter={false}
        value={shown.some((item) => item.id === chosen) ? (chosen ?? "") : (shown[0]?.id ?? "")}
        onValueChange={setChosen}
        onKeyDown={(event) => {
          if (event.key !== "Escape" && event.key !== "Tab") return;
          event.preventDefault();
          event.stopPropagation();
          onClose();
          focusCanvas();
        }}
      >
        <div className={css.title}>{title}</div>
        <Command.Input
          className={css.input}
          placeholder={placeholder}
          autoFocus
          value={query}
          onValueChange={(text) => {
            setQuery(text);
            setChosen(null);
          }}
        />
        <Command.Empty className={css.empty}>{empty}</Command.Empty>
        <Command.List className={css.list}>
          {groups.map((group) => (
            <Command.Group key={group} heading={group} className={css.group}>
              {shown
                .filter((item) => item.group === group)
                .map((item) => (
                  <Command.Item
                    key={item.id}
                    value={item.id}
                    className={css.item}
                    onSelect={() => onPick(item.id)}
                  >
                    {item.icon}
                    <span className={css.words}>
                      <span className={css.label}>{item.label}</span>
                      {item.hint ? <span className={css.hint}>{item.hint}</span> : null}
                    </span>
                  </Command.Item>
                ))}
            </Command.Group>
          ))}
        </Command.List>
      </Command>
    </div>
  );
}
