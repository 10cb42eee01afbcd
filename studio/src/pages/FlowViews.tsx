import { Tabs } from "radix-ui";
import { type ComponentType, Suspense } from "react";

import { Button } from "../kit/Button";
import kit from "../kit/kit.module.css";
import { Busy, Notice } from "../kit/small";
import { RefusalNotice } from "../panels/RefusalNotice";
import { useChecking } from "../store/checking";
import { useRoute } from "../store/route";
import css from "./FlowViews.module.css";
import { useIsActive, useOpened } from "./data/open";

/** What each view gets; the flow that is open is the store's document, so choices made here can be undone. */
export type ViewProps = { project: string; flow: string };

export type View = { name: string; words: string; Show: ComponentType<ViewProps> };

type Props = ViewProps & {
  shown: string;
  page: "choose" | "transfer";
  views: readonly View[];
  label: string;
  /** What a flow is wanted for, as in "nothing to ... yet" */
  todo: string;
};

/** A page of views on one open flow, each with an address of its own. */
export function FlowViews({ todo, ...props }: Props) {
  const { project, flow } = props;
  const { file, error, retry } = useOpened(project, flow);
  const isActive = useIsActive(project, flow);
  const go = useRoute((state) => state.go);
  useChecking();
  if (error) {
    return (
      <div className={css.page}>
        <RefusalNotice error={error} onRetry={retry} />
      </div>
    );
  }
  if (file && !file.flow) {
    return (
      <div className={css.page}>
        <Notice tone="error" actions={<Button onClick={() => go({ page: "flow", project, flow })}>Open its text</Button>}>
          <strong>The file of this flow does not read as a flow, so there is nothing to {todo} yet.</strong>
        </Notice>
      </div>
    );
  }
  if (!file || !isActive) return <div className={css.page}><Busy what="Opening the flow…" /></div>;
  return <Views {...props} />;
}

function Views({ project, flow, shown, page, views, label }: Omit<Props, "todo">) {
  const go = useRoute((state) => state.go);
  const view = views.find(({ name }) => name === shown) ?? views[0];
  if (!view) return null;
  return (
    <Tabs.Root
      className={css.page}
      value={view.name}
      onValueChange={(next) => go({ page, project, flow, view: next }, "replace")}
    >
      <Tabs.List className={kit.tabs} aria-label={label}>
        {views.map(({ name, words }) => (
          <Tabs.Trigger key={name} value={name} className={kit.tab}>
            {words}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value={view.name} className={css.body}>
        <Suspense fallback={<Busy what="Opening…" />}>
          <view.Show project={project} flow={flow} />
        </Suspense>
      </Tabs.Content>
    </Tabs.Root>
  );
}
