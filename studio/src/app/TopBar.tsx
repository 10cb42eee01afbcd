import { useQuery } from "@tanstack/react-query";
import { Keyboard, Moon, Redo2, Search, Settings, Sun, SunMoon, Undo2 } from "lucide-react";
import type { MouseEvent } from "react";

import { IconButton } from "../kit/Button";
import { Keys } from "../kit/small";
import { RunButton } from "../panels/RunButton";
import { keysOf, runCommand } from "../store/commands";
import { useHistory } from "../store/doc";
import { type Route, pathOf, useRoute } from "../store/route";
import { ask, useSession } from "../store/session";
import { type Theme, useView } from "../store/view";
import css from "./App.module.css";

/** Brand, where we are, undo, search, the link to the server, Run. */
export function TopBar() {
  const route = useRoute((state) => state.route);
  const { canUndo, canRedo } = useHistory();
  const isEditing = "flow" in route;
  return (
    <header className={css.top}>
      <Go to={{ page: "start" }} className={css.brand ?? ""}>
        <img src="/favicon.svg" alt="" width={22} height={22} />
        Graftwork
      </Go>
      <Crumbs />
      <IconButton
        label="Undo"
        keys={keysOf("undo")}
        whyNot={isEditing && canUndo ? null : "There is nothing to undo."}
        onClick={() => runCommand("undo")}
      >
        <Undo2 size={16} />
      </IconButton>
      <IconButton
        label="Redo"
        keys={keysOf("redo")}
        whyNot={isEditing && canRedo ? null : "There is nothing to do again."}
        onClick={() => runCommand("redo")}
      >
        <Redo2 size={16} />
      </IconButton>
      <button type="button" className={css.search} onClick={() => runCommand("palette")}>
        <Search size={14} aria-hidden />
        <span>Search nodes and commands</span>
        <Keys keys={keysOf("palette")} />
      </button>
      <div className={css.gap} />
      <LinkState />
      <IconButton label="Shortcuts" keys={keysOf("shortcuts")} onClick={() => runCommand("shortcuts")}>
        <Keyboard size={16} />
      </IconButton>
      <ThemeButton />
      <IconButton label="Settings" keys={keysOf("settings")} onClick={() => runCommand("settings")}>
        <Settings size={16} />
      </IconButton>
      <RunButton />
    </header>
  );
}

function Go({ to, className, current, children }: { to: Route; className: string; current?: boolean; children: React.ReactNode }) {
  const go = useRoute((state) => state.go);
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={pathOf(to)} className={className} aria-current={current ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}

function Crumbs() {
  const route = useRoute((state) => state.route);
  const app = useQuery(ask.app());
  if (route.page === "start") return null;
  const { project } = route;
  const name = app.data?.projects.find((card) => card.id === project)?.name ?? project;
  const crumb = css.crumb ?? "";
  return (
    <nav className={css.crumbs} aria-label="Where you are">
      <Go to={{ page: "hub", project }} className={crumb} current={route.page === "hub"}>
        {name}
      </Go>
      <span aria-hidden>/</span>
      {"flow" in route ? (
        <>
          <Go to={{ page: "flow", project, flow: route.flow }} className={crumb} current={route.page === "flow"}>
            {route.flow}
          </Go>
          <span aria-hidden>·</span>
          <Go to={{ page: "data", project, flow: route.flow }} className={crumb} current={route.page === "data"}>
            Data
          </Go>
          <span aria-hidden>·</span>
          <Go to={{ page: "choose", project, flow: route.flow, view: "" }} className={crumb} current={route.page === "choose"}>
            Choose
          </Go>
          <span aria-hidden>·</span>
          <Go to={{ page: "transfer", project, flow: route.flow, view: "" }} className={crumb} current={route.page === "transfer"}>
            Transfer
          </Go>
          <span aria-hidden>·</span>
        </>
      ) : null}
      <Go to={{ page: "runs", project, compare: [] }} className={crumb} current={route.page === "runs"}>
        Runs
      </Go>
      {route.page === "run" ? (
        <>
          <span aria-hidden>/</span>
          <span className={crumb} aria-current="page">
            {route.run}
          </span>
        </>
      ) : null}
    </nav>
  );
}

const LINK_WORDS = { open: "", connecting: "Connecting…", lost: "Reconnecting…" };

function LinkState() {
  const link = useSession((state) => state.link);
  const app = useQuery(ask.app());
  const device = app.data ? `${app.data.device} · ${app.data.num_threads} cores` : "";
  return (
    <span className={css.link} role="status" title={link === "lost" ? "The server is away. Editing goes on; it is saved when it is back." : "Connected to the server on this machine"}>
      <span className={css.dot} data-link={link} aria-hidden />
      {LINK_WORDS[link] || device}
    </span>
  );
}

const THEMES: Record<Theme, { next: Theme; label: string; Icon: typeof Sun }> = {
  system: { next: "dark", label: "Theme: as the system", Icon: SunMoon },
  dark: { next: "light", label: "Theme: dark", Icon: Moon },
  light: { next: "system", label: "Theme: light", Icon: Sun },
};

function ThemeButton() {
  const theme = useView((state) => state.theme);
  const setTheme = useView((state) => state.setTheme);
  const { next, label, Icon } = THEMES[theme];
  return (
    <IconButton label={label} onClick={() => setTheme(next)}>
      <Icon size={16} />
    </IconButton>
  );
}
