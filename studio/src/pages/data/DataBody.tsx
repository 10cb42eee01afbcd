import { ImageOff } from "lucide-react";
import { Tabs } from "radix-ui";
import { type ReactNode, useMemo, useState } from "react";

import { Button } from "../../kit/Button";
import { Badge, Busy, Empty } from "../../kit/small";
import kit from "../../kit/kit.module.css";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { useCommands } from "../../store/commands";
import { Augmented } from "./Augmented";
import { ChangeSource } from "./ChangeSource";
import css from "./data.module.css";
import { DataCheck } from "./DataCheck";
import { DataHeader } from "./DataHeader";
import { ImagesTab } from "./ImagesTab";
import { ALL, type Filter, type OpenData, useImagesNode, useView } from "./open";
import { SourceTab } from "./SourceTab";

type Tab = "images" | "check" | "augmentation" | "source";
type Props = { project: string; name: string; none: ReactNode };

/** Header and tabs of the data of the active flow. */
export function DataBody({ project, name, none }: Props) {
  const { flow, node, settings, seed } = useImagesNode();
  const view = useView(project, settings, seed, node !== null);
  const [tab, setTab] = useState<Tab>("images");
  const [filter, setFilter] = useState<Filter>(ALL);
  const [isChanging, setIsChanging] = useState(false);
  const offer = (to: Tab, title: string) => ({ id: `data-${to}`, title, group: "Data", run: () => setTab(to) });
  useCommands([
    offer("images", "Show the images"),
    offer("check", "Check the data"),
    offer("augmentation", "Show augmentation"),
    offer("source", "Show source and split"),
    { id: "data-change", title: "Change the source of images…", group: "Data", run: () => setIsChanging(true) },
  ]);
  const excluded = useMemo(() => new Set(settings.exclude), [settings.exclude]);
  if (!node) return none;
  const data: OpenData | null = view.data
    ? {
        project,
        flow,
        node,
        settings,
        seed,
        view: view.data,
        classes: view.data.report.classes,
        excluded,
        relabel: settings.relabel ?? {},
        isBehind: view.isPlaceholderData || view.isFetching,
      }
    : null;
  const show = (next: Filter) => {
    setFilter(next);
    setTab("images");
  };
  const findings = data ? data.view.report.problems.length : 0;
  return (
    <div className={css.page}>
      <DataHeader project={project} name={name} settings={settings} data={data} onChange={() => setIsChanging(true)} />
      {view.error ? (
        <div className={css.refused}>
          <RefusalNotice error={view.error} onRetry={() => void view.refetch()} retryWords="Look again" />
        </div>
      ) : null}
      <Tabs.Root value={tab} onValueChange={(value) => setTab(value as Tab)} className={css.tabsRoot}>
        <Tabs.List className={`${kit.tabs} ${css.tabs}`} aria-label="Parts of the data">
          <Tabs.Trigger className={kit.tab} value="images">
            Images
          </Tabs.Trigger>
          <Tabs.Trigger className={kit.tab} value="check">
            Data check {findings ? <Badge tone="warning">{findings}</Badge> : null}
          </Tabs.Trigger>
          <Tabs.Trigger className={kit.tab} value="augmentation">
            Augmentation
          </Tabs.Trigger>
          <Tabs.Trigger className={kit.tab} value="source">
            Source and split
          </Tabs.Trigger>
        </Tabs.List>
        {data ? (
          <>
            <Tabs.Content value="images" className={css.tab} tabIndex={-1}>
              <ImagesTab data={data} filter={filter} onFilter={setFilter} />
            </Tabs.Content>
            <Tabs.Content value="check" className={`${css.tab} ${css.scrolls}`} tabIndex={-1}>
              <DataCheck data={data} onShow={show} />
            </Tabs.Content>
            <Tabs.Content value="augmentation" className={`${css.tab} ${css.scrolls}`} tabIndex={-1}>
              <Augmented data={data} />
            </Tabs.Content>
          </>
        ) : tab === "source" ? null : (
          <div className={css.alone}>
            {view.error ? (
              <Empty icon={<ImageOff size={24} aria-hidden />} title="The images cannot be shown">
                <p>The message above says why. “Change source…” lets the flow read others.</p>
              </Empty>
            ) : settings.source === "" ? (
              <Empty icon={<ImageOff size={24} aria-hidden />} title="No images are chosen yet">
                <Button look="primary" onClick={() => setIsChanging(true)}>
                  Choose images…
                </Button>
              </Empty>
            ) : (
              <Busy what="Reading the images; the first time each file is looked at…" />
            )}
          </div>
        )}
        <Tabs.Content value="source" className={`${css.tab} ${css.scrolls}`} tabIndex={-1}>
          <SourceTab project={project} node={node} settings={settings} seed={seed} data={data} onChange={() => setIsChanging(true)} />
        </Tabs.Content>
      </Tabs.Root>
      {isChanging ? <ChangeSource project={project} node={node.id} onClose={() => setIsChanging(false)} /> : null}
    </div>
  );
}
