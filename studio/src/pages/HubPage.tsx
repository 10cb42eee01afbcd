import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Plus, Search } from "lucide-react";
import { useMemo, useState } from "react";

import type { Hub } from "../api/types";
import { Button } from "../kit/Button";
import { Menu } from "../kit/Menu";
import { Busy } from "../kit/small";
import { type HubChoice, chosenPart } from "../model/hub";
import { RefusalNotice } from "../panels/RefusalNotice";
import { useCommands } from "../store/commands";
import { ask } from "../store/session";
import { sayError } from "../store/toast";
import { FlowList } from "./hub/FlowList";
import css from "./hub/hub.module.css";
import { NewFromTemplate } from "./hub/NewFromTemplate";
import { RunList } from "./hub/RunList";
import { SourceList } from "./hub/SourceList";
import { makeBlank } from "./hub/acts";
import { FromImages } from "./start/FromImages";

type Dialog = "images" | "template" | null;

/** Everything in a project: data sets, flows that read them, runs of those flows. */
export default function HubPage({ project }: { project: string }) {
  const hub = useQuery(ask.hub(project));
  const [choice, setChoice] = useState<HubChoice>({ text: "", source: null, flow: null });
  const [dialog, setDialog] = useState<Dialog>(null);
  useCommands([
    { id: "new-images", title: "New flow from a folder of images…", group: "Project", run: () => setDialog("images") },
    { id: "new-template", title: "New flow from a template…", group: "Project", run: () => setDialog("template") },
    { id: "new-blank", title: "New blank flow", group: "Project", run: () => void makeBlank(project).catch(sayError) },
  ]);
  return (
    <div className={css.page}>
      <Head project={project} text={choice.text} onText={(text) => setChoice({ ...choice, text })} onDialog={setDialog} />
      {hub.error && !hub.data ? <RefusalNotice error={hub.error} onRetry={() => void hub.refetch()} /> : null}
      {hub.isLoading ? <Busy what="Reading the project…" /> : null}
      {hub.data ? <Columns project={project} hub={hub.data} choice={choice} onChoice={setChoice} onNew={() => setDialog("template")} /> : null}
      {dialog === "images" ? <FromImages project={project} onClose={() => setDialog(null)} /> : null}
      {dialog === "template" ? (
        <NewFromTemplate project={project} onClose={() => setDialog(null)} />
      ) : null}
    </div>
  );
}

type HeadProps = { project: string; text: string; onText: (text: string) => void; onDialog: (dialog: Dialog) => void };

function Head({ project, text, onText, onDialog }: HeadProps) {
  const app = useQuery(ask.app());
  const card = app.data?.projects.find((item) => item.id === project);
  return (
    <header className={css.head}>
      <div className={css.name}>
        <h1>{card?.name ?? project}</h1>
        <code title={card?.path}>{card?.path}</code>
      </div>
      <label className={css.search}>
        <Search size={14} aria-hidden />
        <input
          type="search"
          aria-label="Search data sets, flows and runs"
          placeholder="Search data sets, flows and runs…"
          value={text}
          onChange={(event) => onText(event.target.value)}
        />
      </label>
      <Menu
        items={[
          { label: "From a folder of images…", onSelect: () => onDialog("images") },
          { label: "From a template…", onSelect: () => onDialog("template") },
          { label: "Blank", onSelect: () => void makeBlank(project).catch(sayError) },
        ]}
      >
        <Button look="primary">
          <Plus size={14} aria-hidden /> New flow <ChevronDown size={13} aria-hidden />
        </Button>
      </Menu>
    </header>
  );
}

type ColumnsProps = { project: string; hub: Hub; choice: HubChoice; onChoice: (choice: HubChoice) => void; onNew: () => void };

function Columns({ project, hub, choice, onChoice, onNew }: ColumnsProps) {
  const part = useMemo(() => chosenPart(hub, choice), [hub, choice]);
  const isSearching = choice.text.trim() !== "";
  return (
    <div className={css.columns}>
      <SourceList
        sources={part.sources}
        chosen={choice.source}
        isSearching={isSearching}
        onChoose={(source) => onChoice({ ...choice, source, flow: null })}
      />
      <FlowList
        project={project}
        flows={part.flows}
        runs={hub.runs}
        chosen={choice.flow}
        isSearching={isSearching}
        onChoose={(flow) => onChoice({ ...choice, flow })}
        onNew={onNew}
      />
      <RunList project={project} runs={part.runs} numAll={hub.runs.length} flow={choice.flow} isSearching={isSearching} />
    </div>
  );
}
