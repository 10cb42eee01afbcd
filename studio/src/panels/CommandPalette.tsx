import { Command } from "cmdk";
import { Dialog } from "radix-ui";
import { useDeferredValue, useRef, useState } from "react";

import { componentTile, thingIcon } from "../kit/icons";
import kit from "../kit/kit.module.css";
import { Keys } from "../kit/small";
import css from "./palette/palette.module.css";
import type { Thing } from "./palette/things";
import { useThings } from "./palette/useThings";

/** Search nodes, commands, components, settings, pages, flows, runs and bases; Enter goes or does. */
export default function CommandPalette({ onClose }: { onClose: () => void }) {
  const [query, setQuery] = useState("");
  const [pointed, setPointed] = useState("");
  const chosen = useRef<Thing | null>(null);
  const { groups, isAsking } = useThings(useDeferredValue(query));
  const ids = groups.flatMap(([, things]) => things.map((thing) => thing.id));
  // What is found changes while one types: then the first is pointed at.
  const here = ids.includes(pointed) ? pointed : (ids[0] ?? "");
  const search = (text: string) => {
    setQuery(text);
    setPointed("");
  };
  const choose = (thing: Thing) => {
    if (thing.whyNot) return;
    chosen.current = thing;
    onClose();
    // The dialog gives the keyboard back first; what was chosen may want it for itself.
    window.setTimeout(thing.run, 30);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className={kit.overlay} />
        <Dialog.Content className={css.dialog} aria-describedby={undefined} onCloseAutoFocus={(event) => (chosen.current ? event.preventDefault() : undefined)}>
          <Dialog.Title className="sr-only">Search nodes and commands</Dialog.Title>
          <Command shouldFilter={false} label="Search nodes and commands" loop value={here} onValueChange={setPointed}>
            <Command.Input
              className={css.input}
              value={query}
              onValueChange={search}
              placeholder="Search nodes, commands, settings, flows, runs…"
            />
            <Command.List className={css.list} label="Found">
              {groups.length === 0 ? <div className={css.none}>{isAsking ? "Asking for bases…" : "Nothing is called like that."}</div> : null}
              {groups.map(([group, things]) => (
                <Command.Group key={group} heading={group}>
                  {things.map((thing) => (
                    <Item key={thing.id} thing={thing} onChoose={choose} />
                  ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Item({ thing, onChoose }: { thing: Thing; onChoose: (thing: Thing) => void }) {
  const { id, title, note, keys, whyNot, component, kind } = thing;
  return (
    <Command.Item value={id} className={css.item} aria-disabled={whyNot ? true : undefined} onSelect={() => onChoose(thing)}>
      {component ? componentTile(component.group, component.name, 22) : <span className={css.icon}>{thingIcon(kind)}</span>}
      <span className={css.title}>{title}</span>
      <span className={css.note}>{whyNot ?? note}</span>
      {keys ? <Keys keys={keys} /> : null}
    </Command.Item>
  );
}
