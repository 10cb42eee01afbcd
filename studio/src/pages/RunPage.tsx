import { useQuery } from "@tanstack/react-query";
import { Tabs } from "radix-ui";
import { Suspense } from "react";

import type { RunView } from "../api/types";
import kit from "../kit/kit.module.css";
import { lazily } from "../kit/lazily";
import { Busy, Empty } from "../kit/small";
import { RefusalNotice } from "../panels/RefusalNotice";
import { hasTab, kindOf } from "../model/run_tabs";
import { useRoute } from "../store/route";
import { ask } from "../store/session";
import { InsideTab } from "./run/inside/InsideTab";
import { isInside, VIEWS } from "./run/inside/views";
import { Overview } from "./run/Overview";
import css from "./run/run.module.css";
import { RunHead } from "./run/RunHead";

const ConfusionView = lazily(() => import("../panels/dock/ConfusionView").then((m) => ({ default: m.ConfusionView })));
const PredictionsTab = lazily(() => import("./run/PredictionsTab"));
const EvaluationTab = lazily(() => import("./run/evaluation/EvaluationTab"));
const TryTab = lazily(() => import("./run/TryTab"));
const ExportTab = lazily(() => import("./run/ExportTab"));
const CurvesTab = lazily(() => import("./run/CurvesTab"));

const TABS: readonly (readonly [string, string])[] = [
  ["overview", "Overview"],
  ["evaluation", "Evaluation"],
  ["confusion", "Confusion"],
  ["predictions", "Predictions"],
  ["inside", "Look inside"],
  ["curves", "Curves"],
  ["try", "Try an image"],
  ["export", "Export"],
];

type Props = { project: string; run: string; tab: string };

/** All of one run: what it proved, what it scored, where it errs, and how it leaves. */
export default function RunPage({ project, run, tab }: Props) {
  const go = useRoute((state) => state.go);
  const view = useQuery(ask.run(project, run));
  if (view.error) {
    return (
      <div className={css.page}>
        <RefusalNotice error={view.error} onRetry={() => void view.refetch()} />
      </div>
    );
  }
  if (!view.data) return <div className={css.page}><Busy what="Reading the run…" /></div>;
  const kind = kindOf(view.data.record);
  const isKnown = isInside(tab) || TABS.some(([name]) => name === tab && name !== "inside");
  const shown = isKnown && hasTab(tab, kind) ? tab : tab === "classes" ? "evaluation" : "overview"; // "classes" is what addresses said before
  const open = (next: string) => go({ page: "run", project, run, tab: next === "inside" ? (VIEWS[0]?.name ?? "overview") : next }, "replace");
  return (
    <div className={css.page}>
      <RunHead project={project} view={view.data} />
      <Tabs.Root className={css.tabs} value={isInside(shown) ? "inside" : shown} onValueChange={open}>
        <Tabs.List className={kit.tabs} aria-label="Parts of the run">
          {TABS.filter(([name]) => hasTab(name, kind)).map(([name, words]) => (
            <Tabs.Trigger key={name} value={name} className={kit.tab}>
              {name === "confusion" && kind === "number" ? "Predicted against true" : words}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value={isInside(shown) ? "inside" : shown} className={css.body} data-tab={shown}>
          <Suspense fallback={<Busy what="Opening…" />}>
            <Body project={project} view={view.data} tab={shown} />
          </Suspense>
        </Tabs.Content>
      </Tabs.Root>
    </div>
  );
}

function Body({ project, view, tab }: { project: string; view: RunView; tab: string }) {
  const { record, card } = view;
  if (tab === "curves") return <CurvesTab project={project} view={view} />;
  if (tab === "overview") return <Overview project={project} view={view} />;
  if (tab === "export") return <ExportTab project={project} view={view} />;
  const hasScores = record !== null && Object.keys(record.metrics).length > 0;
  if (!hasScores) {
    return (
      <Empty title="Nothing was scored yet">
        <p>This fills when the run ends. It is {card.status} now.</p>
      </Empty>
    );
  }
  if (isInside(tab)) return <InsideTab project={project} view={view} shown={tab} />;
  if (tab === "confusion") return <ConfusionView project={project} card={card} record={record} />;
  if (tab === "predictions") return <PredictionsTab project={project} card={card} record={record} />;
  if (tab === "evaluation") return <EvaluationTab key={card.id} project={project} card={card} record={record} />;
  return <TryTab project={project} run={card.id} record={record} />;
}
