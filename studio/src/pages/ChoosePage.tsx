import { Tabs } from "radix-ui";
import { Suspense } from "react";

import { Button } from "../kit/Button";
import kit from "../kit/kit.module.css";
import { Busy, Notice } from "../kit/small";
import { RefusalNotice } from "../panels/RefusalNotice";
import { useChecking } from "../store/checking";
import { useRoute } from "../store/route";
import css from "./choose/choose.module.css";
import { VIEWS } from "./choose/views";
import { useIsActive, useOpened } from "./data/open";

type Props = { project: string; flow: string; shown: string };

/** How much of the base to retrain, which base, with what settings: advice, and the proof of it. */
export default function ChoosePage({ project, flow, shown }: Props) {
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
          <strong>The file of this flow does not read as a flow, so there is nothing to choose yet.</strong>
        </Notice>
      </div>
    );
  }
  if (!file || !isActive) return <div className={css.page}><Busy what="Opening the flow…" /></div>;
  return <Views project={project} flow={flow} shown={shown} />;
}

function Views({ project, flow, shown }: Props) {
  const go = useRoute((state) => state.go);
  const view = VIEWS.find(({ name }) => name === shown) ?? VIEWS[0];
  if (!view) return null;
  return (
    <Tabs.Root
      className={css.page}
      value={view.name}
      onValueChange={(next) => go({ page: "choose", project, flow, view: next }, "replace")}
    >
      <Tabs.List className={kit.tabs} aria-label="Ways to choose">
        {VIEWS.map(({ name, words }) => (
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
