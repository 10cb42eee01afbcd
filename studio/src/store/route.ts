/** Where the page is: the address bar is the truth. */
import { create } from "zustand";

export type Route =
  | { page: "start" }
  | { page: "hub"; project: string }
  | { page: "flow"; project: string; flow: string }
  | { page: "data"; project: string; flow: string }
  | { page: "choose" | "transfer"; project: string; flow: string; view: string }
  | { page: "runs"; project: string; compare: string[] }
  | { page: "run"; project: string; run: string; tab: string };

export function parseRoute(path: string, search = ""): Route {
  const [head, project, page, name, tab] = path.split("/").filter(Boolean).map(decodeURIComponent);
  if (head !== "p" || !project) return { page: "start" };
  if (page === "flow" && name) return { page: "flow", project, flow: name };
  if (page === "data" && name) return { page: "data", project, flow: name };
  if ((page === "choose" || page === "transfer") && name) return { page, project, flow: name, view: tab ?? "" };
  if (page === "run" && name) return { page: "run", project, run: name, tab: tab ?? "overview" };
  if (page === "runs") {
    const compare = new URLSearchParams(search).get("compare");
    return { page: "runs", project, compare: compare ? compare.split(",") : [] };
  }
  return { page: "hub", project };
}

export function pathOf(route: Route): string {
  const e = encodeURIComponent;
  switch (route.page) {
    case "start":
      return "/";
    case "hub":
      return `/p/${e(route.project)}`;
    case "flow":
    case "data":
      return `/p/${e(route.project)}/${route.page}/${e(route.flow)}`;
    case "choose":
    case "transfer":
      return `/p/${e(route.project)}/${route.page}/${e(route.flow)}${route.view ? `/${e(route.view)}` : ""}`;
    case "runs":
      return `/p/${e(route.project)}/runs${route.compare.length ? `?compare=${route.compare.map(e).join(",")}` : ""}`;
    case "run":
      return `/p/${e(route.project)}/run/${e(route.run)}${route.tab === "overview" ? "" : `/${e(route.tab)}`}`;
  }
}

type RouteState = { route: Route; go: (route: Route, how?: "push" | "replace") => void };

export const useRoute = create<RouteState>((set) => ({
  route: { page: "start" },
  go: (route, how = "push") => {
    const path = pathOf(route);
    if (path !== location.pathname + location.search) history[`${how}State`](null, "", path);
    set({ route });
  },
}));

/** Follow the browser's own back and forward. */
export function followAddress(): void {
  const read = () => useRoute.setState({ route: parseRoute(location.pathname, location.search) });
  window.addEventListener("popstate", read);
  read();
}
