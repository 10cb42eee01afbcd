import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { componentTile } from "../kit/icons";
import { fittingPorts, plural, portOf } from "../model/wiring";
import { ask } from "../store/session";
import { addComponent } from "./adding";
import { type Pick, PickList } from "./PickList";
import { facesNow } from "./shown";
import { type AddSearch as Search, focusCanvas, useCanvasUi } from "./ui";

const GROUPS: Record<string, string> = {
  data: "Data",
  preprocess: "Preprocess",
  base: "Base",
  layer: "Layers",
  merge: "Merge",
  custom: "Custom",
  objective: "Objectives",
};
const ORDER = Object.keys(GROUPS);

/** The search for a component to add; after a wire was let go, only those that fit it. */
export function AddSearch() {
  const search = useCanvasUi((state) => state.search);
  return search ? <OpenSearch search={search} /> : null;
}

function OpenSearch({ search }: { search: Search }) {
  const cards = useQuery(ask.components());
  const { loose, place, screen } = search;
  const items = useMemo((): Pick[] => {
    const port = loose ? portOf(facesNow(), loose.end, loose.side) : undefined;
    return (cards.data ?? [])
      .filter((card) => !loose || !port || fittingPorts(card, port, loose.side).length > 0)
      .sort((a, b) => ORDER.indexOf(a.group) - ORDER.indexOf(b.group))
      .map((card) => ({
        id: card.name,
        label: card.title,
        hint: card.summary,
        group: GROUPS[card.group] ?? card.group,
        icon: componentTile(card.group, card.name),
      }));
  }, [cards.data, loose]);
  const close = () => useCanvasUi.getState().set({ search: null });
  return (
    <PickList
      at={screen}
      title={titleOf(search)}
      placeholder="Search components"
      empty={cards.isPending ? "Components are being asked for…" : cards.error ? cards.error.message : "No component is called that."}
      items={items}
      onClose={close}
      onPick={(name) => {
        close();
        focusCanvas();
        addComponent(name, place, loose ?? undefined);
      }}
    />
  );
}

function titleOf({ loose }: Search): string {
  if (!loose) return "Add a component";
  const kind = portOf(facesNow(), loose.end, loose.side)?.kind;
  if (!kind) return "Add a component and connect it";
  return loose.side === "output" ? `Add what takes ${plural(kind)}` : `Add what gives ${plural(kind)}`;
}
