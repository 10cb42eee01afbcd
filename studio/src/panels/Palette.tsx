import { useQuery } from "@tanstack/react-query";
import { type DragEvent, type KeyboardEvent, memo, useMemo, useState } from "react";

import type { ComponentCard } from "../api/types";
import { COMPONENT_DRAG, addComponent } from "../canvas/adding";
import { componentTile } from "../kit/icons";
import { Busy } from "../kit/small";
import { Tip } from "../kit/Tip";
import { GROUP_ORDER, groupWords } from "../model/groups";
import { ranked } from "../model/search";
import { kindsOf } from "../model/wiring";
import { ask } from "../store/session";
import { RefusalNotice } from "./RefusalNotice";
import css from "./left/left.module.css";

/** Every component, by what it is for: drag it onto the canvas, or choose it; Enter in the search adds the first. */
export function Palette() {
  const cards = useQuery(ask.components());
  const [query, setQuery] = useState("");
  const groups = useMemo(() => grouped(cards.data ?? [], query), [cards.data, query]);
  const best = groups[0]?.[1][0];
  if (cards.error) return <RefusalNotice error={cards.error} onRetry={() => void cards.refetch()} />;
  if (!cards.data) return <Busy what="Asking which components there are…" />;
  return (
    <div onKeyDown={walk}>
      <div className={css.find}>
        <input
          type="search"
          className={css.search}
          aria-label="Find a component"
          placeholder="Find a component"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && best && query.trim()) addComponent(best.name);
          }}
        />
      </div>
      {groups.length === 0 ? <p className={css.note}>No component is called like that.</p> : null}
      {groups.map(([group, items]) => (
        <section key={group} className={css.group} aria-label={groupWords(group)}>
          <h3 className={css.groupTitle}>{groupWords(group)}</h3>
          <ul className={css.list}>
            {items.map((card) => (
              <Item key={card.name} card={card} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function grouped(cards: readonly ComponentCard[], query: string): [string, ComponentCard[]][] {
  const fits = ranked(cards, query, (card) => [card.title, card.name, card.summary, groupWords(card.group)]);
  const groups = GROUP_ORDER.map((group): [string, ComponentCard[]] => [group, fits.filter((card) => card.group === group)]);
  return groups.filter(([, items]) => items.length > 0);
}

const Item = memo(function Item({ card }: { card: ComponentCard }) {
  const carry = (event: DragEvent) => {
    event.dataTransfer.setData(COMPONENT_DRAG, card.name);
    event.dataTransfer.setData("text/plain", card.name);
    event.dataTransfer.effectAllowed = "copy";
  };
  return (
    <li>
      <Tip text={`${card.summary} ${portWords("Takes", card.inputs)} ${portWords("Gives", card.outputs)}`}>
        <button type="button" className={css.component} draggable onDragStart={carry} onClick={() => addComponent(card.name)} data-component={card.name}>
          {componentTile(card.group, card.name, 26)}
          <span className={css.words}>
            <span className={css.name}>{card.title}</span>
            <span className={css.summary}>{card.summary}</span>
          </span>
        </button>
      </Tip>
    </li>
  );
});

function portWords(verb: string, ports: ComponentCard["inputs"]): string {
  if (ports.length === 0) return `${verb} nothing.`;
  return `${verb} ${ports.map((port) => (port.name === port.kind ? kindsOf(port) : `${port.name} (${kindsOf(port)})`)).join(", ")}.`;
}

/** Arrows walk through the search and the components. */
function walk(event: KeyboardEvent<HTMLDivElement>): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>("input, [data-component]")];
  const at = stops.indexOf(document.activeElement as HTMLElement);
  const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
