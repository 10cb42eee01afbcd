/** Everything that the command palette finds. */
import type { BaseItem, ComponentCard, Flow, FlowCheck, Hub } from "../../api/types";
import { addComponent } from "../../canvas/adding";
import { setSettings } from "../../model/edits";
import { editWords, fieldsOf } from "../../model/form";
import { groupWords } from "../../model/groups";
import { SHORTCUTS } from "../../model/keys";
import { keysOf, offered, runCommand, titleOf } from "../../store/commands";
import { edit } from "../../store/doc";
import { type Route, useRoute } from "../../store/route";
import { useView } from "../../store/view";
import { focusRecipe } from "../form/useFocusedSetting";

export type Thing = {
  id: string;
  group: string;
  kind: string;
  title: string;
  note: string;
  /** Further words that find it. */
  words: readonly string[];
  keys?: string;
  whyNot?: string | null;
  component?: { group: string | null; name: string };
  run: () => void;
};

export function nodeThings(flow: Flow, check: FlowCheck): Thing[] {
  return flow.nodes.map((node) => {
    const face = check.faces[node.id];
    return {
      id: `node:${node.id}`,
      group: "Go to node",
      kind: "node",
      title: face?.title ?? node.id,
      note: node.id,
      words: [node.id, node.component, face?.summary ?? ""],
      component: { group: face?.group ?? null, name: node.component },
      run: () => useView.getState().focusNode(node.id),
    };
  });
}

/** Return the commands on offer, but for the palette itself. */
export function commandThings(): Thing[] {
  return offered()
    .filter((command) => command.id !== "palette")
    .map((command) => ({
      id: `command:${command.id}`,
      group: "Commands",
      kind: "command",
      title: titleOf(command),
      note: command.group ?? SHORTCUTS.find((item) => item.id === command.id)?.group ?? "",
      words: [command.id],
      keys: keysOf(command.id),
      whyNot: command.whyNot ?? null,
      run: () => void runCommand(command.id),
    }));
}

export function addThings(cards: readonly ComponentCard[]): Thing[] {
  return cards.map((card) => ({
    id: `add:${card.name}`,
    group: "Add",
    kind: "add",
    title: `Add ${card.title}`,
    note: groupWords(card.group),
    words: [card.title, card.name, card.summary],
    component: { group: card.group, name: card.name },
    run: () => addComponent(card.name),
  }));
}

const goThing = (id: string, group: string, kind: string, title: string, note: string, to: Route): Thing => ({
  id,
  group,
  kind,
  title,
  note,
  words: [note],
  run: () => useRoute.getState().go(to),
});

export function placeThings(route: Route, hub: Hub | undefined): Thing[] {
  const pages = [goThing("page:start", "Pages", "page", "Start", "Templates, folders, projects", { page: "start" })];
  if (route.page === "start") return pages;
  const { project } = route;
  pages.push(goThing("page:hub", "Pages", "page", "Project", "Data, flows and runs", { page: "hub", project }));
  if ("flow" in route) {
    const { flow } = route;
    pages.push(goThing("page:flow", "Pages", "page", "Flow", flow, { page: "flow", project, flow }));
    pages.push(goThing("page:data", "Pages", "page", "Data", `Images of ${flow}`, { page: "data", project, flow }));
    pages.push(goThing("page:choose", "Pages", "page", "Choose", `What suits ${flow}`, { page: "choose", project, flow, view: "" }));
    pages.push(goThing("page:kinds", "Pages", "page", "Kinds of transfer", "The words, with pictures", { page: "transfer", project, flow, view: "kinds" }));
  }
  pages.push(goThing("page:runs", "Pages", "page", "Runs", "All runs, compared", { page: "runs", project, compare: [] }));
  const flows = (hub?.flows ?? []).map((flow) =>
    goThing(`flow:${flow.name}`, "Flows", "flow", flow.title || flow.name, flow.name, { page: "flow", project, flow: flow.name }),
  );
  const runs = (hub?.runs ?? []).map((run) =>
    goThing(`run:${run.id}`, "Runs", "run", run.name || run.id, `${run.status} · ${run.id}`, { page: "run", project, run: run.id, tab: "overview" }),
  );
  return [...pages, ...flows, ...runs];
}

/** Return the settings of the node that is selected, and of the recipe. */
export function settingThings(flow: Flow, selection: readonly string[], cards: readonly ComponentCard[], recipe: Record<string, unknown>): Thing[] {
  const node = selection.length === 1 ? flow.nodes.find((item) => item.id === selection[0]) : undefined;
  const card = cards.find((item) => item.name === node?.component);
  const own = node && card ? fieldsOf(card.settings_schema) : [];
  const thing = (owner: string, name: string, label: string, help: string, run: () => void): Thing => ({
    id: `setting:${owner}:${name}`,
    group: "Settings",
    kind: "setting",
    title: label,
    note: owner,
    words: [name, owner, help],
    run,
  });
  return [
    ...(node ? own.map(({ name, label, help }) => thing(node.id, name, label, help, () => useView.getState().focusNode(node.id, name))) : []),
    ...fieldsOf(recipe).map(({ name, label, help }) => thing("recipe", name, label, help, () => focusRecipe(name))),
  ];
}

/** Return the bases that the selected backbone could stand on. */
export function baseThings(node: string, bases: readonly BaseItem[]): Thing[] {
  return bases.map((base) => ({
    id: `base:${base.id}`,
    group: `Base of ${node}`,
    kind: "base",
    title: `Use base ${base.title}`,
    note: `${base.id}${base.available_offline ? "" : " · has to be fetched"}`,
    words: [base.id, base.host],
    run: () =>
      edit(editWords("base", node, base.id), (flow) =>
        setSettings(flow, node, { base: base.id, cut: undefined, last_stage: undefined, freeze: undefined, unfreeze: undefined }),
      ),
  }));
}
