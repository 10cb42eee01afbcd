import { ChevronDown, ChevronUp } from "lucide-react";
import { Tabs } from "radix-ui";
import { Suspense } from "react";

import { IconButton } from "../kit/Button";
import kit from "../kit/kit.module.css";
import { lazily } from "../kit/lazily";
import { Busy } from "../kit/small";
import { useCheck } from "../store/checking";
import { keysOf } from "../store/commands";
import { useFlowRun } from "../store/runs";
import { type DockTab, useView } from "../store/view";
import css from "./dock/dock.module.css";
import { RunPicker } from "./dock/RunPicker";

const TrainingTab = lazily(() => import("./dock/TrainingTab"));
const ResultsTab = lazily(() => import("./dock/ResultsTab"));
const LogTab = lazily(() => import("./dock/LogTab"));
const Problems = lazily(() => import("./Problems").then((module) => ({ default: module.Problems })));

/** The panel below the canvas: how training goes, what came of it, what is wrong, what was said. */
export function Dock() {
  const tab = useView((state) => state.dock);
  const setDock = useView((state) => state.setDock);
  const isOpen = useView((state) => state.isDockOpen);
  const toggle = useView((state) => state.toggleDock);
  const num = useCheck().problems.length;
  const { project, flow, run, runs } = useFlowRun();
  const names: [DockTab, string][] = [
    ["training", "Training"],
    ["results", "Results"],
    ["problems", num ? `Problems (${num})` : "Problems"],
    ["log", "Log"],
  ];
  return (
    <Tabs.Root className={css.dock} value={tab} onValueChange={(value) => setDock(value as DockTab)}>
      <div className={css.top}>
        <Tabs.List className={css.tabs} aria-label="Bottom panel">
          {names.map(([value, words]) => (
            <Tabs.Trigger key={value} value={value} className={kit.tab} onClick={() => toggle(true)}>
              {words}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {project && flow && tab !== "problems" ? <RunPicker project={project} flow={flow} run={run} runs={runs} /> : null}
        <IconButton label={isOpen ? "Hide the bottom panel" : "Show the bottom panel"} keys={keysOf("dock")} aria-expanded={isOpen} onClick={() => toggle()}>
          {isOpen ? <ChevronDown size={15} /> : <ChevronUp size={15} />}
        </IconButton>
      </div>
      {isOpen ? (
        <Suspense fallback={<div className={css.wait}><Busy what="Opening…" /></div>}>
          <Tabs.Content value="training" className={css.body}>
            <TrainingTab project={project} flow={flow} run={run} runs={runs} />
          </Tabs.Content>
          <Tabs.Content value="results" className={css.body}>
            <ResultsTab project={project} run={run} />
          </Tabs.Content>
          <Tabs.Content value="problems" className={css.body}>
            <Problems />
          </Tabs.Content>
          <Tabs.Content value="log" className={css.body}>
            <LogTab project={project} run={run} />
          </Tabs.Content>
        </Suspense>
      ) : null}
    </Tabs.Root>
  );
}
