import { QueryClientProvider } from "@tanstack/react-query";
import { Tooltip } from "radix-ui";
import { Suspense, useEffect } from "react";

import { fetchAhead, lazily } from "../kit/lazily";
import { Busy } from "../kit/small";
import { listenToKeys, useCommands } from "../store/commands";
import { redo, undo } from "../store/doc";
import { useRoute } from "../store/route";
import { queries } from "../store/session";
import { say } from "../store/toast";
import { useView } from "../store/view";
import css from "./App.module.css";
import { ErrorBoundary } from "./ErrorBoundary";
import { Toasts } from "./Toasts";
import { TopBar } from "./TopBar";
import { useTheme } from "./useTheme";

const CommandPalette = lazily(() => import("../panels/CommandPalette"));
const StartPage = lazily(() => import("../pages/StartPage"));
const HubPage = lazily(() => import("../pages/HubPage"));
const FlowPage = lazily(() => import("../pages/FlowPage"));
const DataPage = lazily(() => import("../pages/DataPage"));
const ChoosePage = lazily(() => import("../pages/ChoosePage"));
const TransferPage = lazily(() => import("../pages/TransferPage"));
const RunsPage = lazily(() => import("../pages/RunsPage"));
const RunPage = lazily(() => import("../pages/RunPage"));
const ShortcutList = lazily(() => import("../panels/ShortcutList"));
const SettingsDialog = lazily(() => import("../panels/SettingsDialog"));

/** The whole studio. */
export function App() {
  useTheme();
  useEffect(listenToKeys, []);
  useEffect(() => {
    // The palette is the first of all, so that what is typed right after the key is not lost.
    let isHere = true;
    const timer = window.setTimeout(() => void fetchAhead(() => isHere), 4_000);
    return () => {
      isHere = false;
      window.clearTimeout(timer);
    };
  }, []);
  return (
    <QueryClientProvider client={queries}>
      <Tooltip.Provider delayDuration={350}>
        <a className={css.skip} href="#main">
          Skip to the content
        </a>
        <TopBar />
        <main id="main" className={css.main} tabIndex={-1}>
          <ErrorBoundary>
            <Suspense fallback={<div className={css.wait}><Busy what="Opening…" /></div>}>
              <Page />
            </Suspense>
          </ErrorBoundary>
        </main>
        <Dialogs />
        <Toasts />
      </Tooltip.Provider>
    </QueryClientProvider>
  );
}

function Page() {
  const route = useRoute((state) => state.route);
  useEffect(() => {
    document.title = "Graftwork";
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  }, [route]);
  switch (route.page) {
    case "start":
      return <StartPage />;
    case "hub":
      return <HubPage key={route.project} project={route.project} />;
    case "flow":
      return <FlowPage key={`${route.project}/${route.flow}`} project={route.project} flow={route.flow} />;
    case "data":
      return <DataPage key={`${route.project}/${route.flow}`} project={route.project} flow={route.flow} />;
    case "choose":
      return <ChoosePage key={`${route.project}/${route.flow}`} project={route.project} flow={route.flow} shown={route.view} />;
    case "transfer":
      return <TransferPage key={`${route.project}/${route.flow}`} project={route.project} flow={route.flow} shown={route.view} />;
    case "runs":
      return <RunsPage project={route.project} compare={route.compare} />;
    case "run":
      return <RunPage key={route.run} project={route.project} run={route.run} tab={route.tab} />;
  }
}

function Dialogs() {
  const dialog = useView((state) => state.dialog);
  const setDialog = useView((state) => state.setDialog);
  useCommands([
    { id: "palette", run: () => setDialog("palette") },
    { id: "shortcuts", run: () => setDialog("shortcuts") },
    { id: "settings", run: () => setDialog("settings") },
    { id: "undo", run: () => tell("Undid", undo(), "There is nothing to undo.") },
    { id: "redo", run: () => tell("Did again", redo(), "There is nothing to do again.") },
  ]);
  return (
    <ErrorBoundary>
      <Suspense fallback={null}>
        {dialog === "palette" ? <CommandPalette onClose={() => setDialog(null)} /> : null}
        {dialog === "shortcuts" ? <ShortcutList onClose={() => setDialog(null)} /> : null}
        {dialog === "settings" ? <SettingsDialog onClose={() => setDialog(null)} /> : null}
      </Suspense>
    </ErrorBoundary>
  );
}

function tell(verb: string, label: string | null, nothing: string): void {
  say(label === null ? nothing : `${verb}: ${label}`);
}
