/** What is known of the server: the link to it, the program, components, the project's lists. */
import { QueryClient } from "@tanstack/react-query";
import { create } from "zustand";

import { Refusal, api, must } from "../api/client";
import { Feed, type Link } from "../api/feed";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => error instanceof Refusal && error.isOffline && count < 3,
    },
  },
});

type SessionState = { link: Link };
export const useSession = create<SessionState>(() => ({ link: "connecting" }));

export const feed = new Feed((link) => {
  const before = useSession.getState().link;
  useSession.setState({ link });
  if (link === "open" && before === "lost") void queries.invalidateQueries();
});

/** Questions to the server that several parts of the page ask; one name for each. */
export const ask = {
  app: () => ({ queryKey: ["app"], queryFn: () => must(api.GET("/api/app")) }),
  components: () => ({ queryKey: ["components"], queryFn: () => must(api.GET("/api/components")), staleTime: Infinity }),
  recipe: () => ({ queryKey: ["recipe"], queryFn: () => must(api.GET("/api/recipe")), staleTime: Infinity }),
  templates: () => ({ queryKey: ["templates"], queryFn: () => must(api.GET("/api/templates")), staleTime: Infinity }),
  hub: (project: string) => ({
    queryKey: ["hub", project],
    queryFn: () => must(api.GET("/api/projects/{project}/hub", { params: { path: { project } } })),
  }),
  run: (project: string, run: string) => ({
    queryKey: ["run", project, run],
    queryFn: () => must(api.GET("/api/projects/{project}/runs/{run}", { params: { path: { project, run } } })),
  }),
};

/** Keep the lists in line with what the feed tells. */
export function followLists(): () => void {
  return feed.listen((message) => {
    if (message.kind === "runs_changed") {
      void queries.invalidateQueries({ queryKey: ["hub", message.project] });
      void queries.invalidateQueries({ queryKey: ["run", message.project] });
      void queries.invalidateQueries({ queryKey: ["controls", message.project] });
    }
    if (message.kind === "flows_changed") void queries.invalidateQueries({ queryKey: ["hub", message.project] });
  });
}
