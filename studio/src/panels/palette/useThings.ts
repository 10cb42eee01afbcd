import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { api, must } from "../../api/client";
import { ranked } from "../../model/search";
import { useCheck } from "../../store/checking";
import { useDoc } from "../../store/doc";
import { useRoute } from "../../store/route";
import { ask } from "../../store/session";
import { useView } from "../../store/view";
import { type Thing, addThings, baseThings, commandThings, nodeThings, placeThings, settingThings } from "./things";

const MOST_IN_GROUP = 7;
const MOST_COMMANDS = 40;

/** Return what fits a query, by group; the group with the best fit first. */
export function useThings(query: string): { groups: [string, Thing[]][]; isAsking: boolean } {
  const route = useRoute((state) => state.route);
  const project = route.page === "start" ? "" : route.project;
  const isEditing = route.page === "flow";
  const flow = useDoc((state) => state.flow);
  const check = useCheck();
  const selection = useView((state) => state.selection);
  const cards = useQuery({ ...ask.components(), enabled: isEditing });
  const recipe = useQuery({ ...ask.recipe(), enabled: isEditing });
  const hub = useQuery({ ...ask.hub(project), enabled: project !== "" });
  // What is on offer belongs to the page under the palette; it stays while the palette is open.
  const [commands] = useState(commandThings);
  const backbone = isEditing ? flow.nodes.find((node) => selection.length === 1 && node.id === selection[0] && node.component === "backbone")?.id : undefined;
  const bases = useBases(project, backbone === undefined ? "" : query);
  const all = useMemo(
    () => [
      ...(isEditing ? nodeThings(flow, check) : []),
      ...commands,
      ...(isEditing ? addThings(cards.data ?? []) : []),
      ...(isEditing ? settingThings(flow, selection, cards.data ?? [], recipe.data ?? {}) : []),
      ...placeThings(route, hub.data),
    ],
    [isEditing, flow, check, commands, cards.data, recipe.data, selection, route, hub.data],
  );
  const groups = useMemo(() => {
    const found = ranked(all, query, (thing) => [thing.title, ...thing.words]);
    const order = [...new Set(query.trim() ? found.map((thing) => thing.group) : all.map((thing) => thing.group))];
    const most = (group: string) => (group === "Commands" && !query.trim() ? MOST_COMMANDS : MOST_IN_GROUP);
    const sorted = order.map((group): [string, Thing[]] => [group, found.filter((thing) => thing.group === group).slice(0, most(group))]);
    const more = backbone === undefined ? [] : baseThings(backbone, ranked(bases.data ?? [], baseText(query), (base) => [base.title, base.id]).slice(0, MOST_IN_GROUP));
    return more.length ? [...sorted, [more[0]?.group ?? "", more] as [string, Thing[]]] : sorted;
  }, [all, query, backbone, bases.data]);
  return { groups, isAsking: bases.isFetching };
}

const baseText = (query: string): string => query.replace(/^use base/i, "").trim();

/** Bases are many: they are looked up by the server, from two letters on. */
function useBases(project: string, query: string) {
  const text = baseText(query);
  return useQuery({
    queryKey: ["bases", project, text, ""],
    queryFn: ({ signal }) => must(api.GET("/api/projects/{project}/bases", { params: { path: { project }, query: { text } }, signal })),
    enabled: project !== "" && text.length >= 2,
    placeholderData: keepPreviousData,
    retry: false,
  });
}
