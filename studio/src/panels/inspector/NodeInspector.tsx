import { useQuery } from "@tanstack/react-query";
import { Tabs } from "radix-ui";
import { Suspense, useState } from "react";

import type { FlowNode } from "../../api/types";
import kit from "../../kit/kit.module.css";
import { lazily } from "../../kit/lazily";
import { Busy } from "../../kit/small";
import { ask } from "../../store/session";
import { useView } from "../../store/view";
import { CodePanel } from "../CodePanel";
import { NodeHeader } from "./NodeHeader";
import { NodeSettings } from "./NodeSettings";
import css from "./inspector.module.css";

const OutputPanel = lazily(() => import("../OutputPanel").then((module) => ({ default: module.OutputPanel })));

const TABS = [
  ["settings", "Settings"],
  ["output", "Output"],
  ["code", "Code"],
] as const;

/** One node: what it is, its settings, what it gives, its code. */
export function NodeInspector({ node }: { node: FlowNode }) {
  const [chosen, setChosen] = useState({ tab: "settings", at: 0 });
  const focus = useView((state) => state.focus);
  const cards = useQuery(ask.components());
  const card = cards.data?.find((item) => item.name === node.component);
  const wanted = focus?.node === node.id && (focus.setting || focus.line) ? focus.at : 0;
  // A jump from a problem shows the settings, until another tab is chosen.
  const tab = wanted > chosen.at ? "settings" : chosen.tab;
  return (
    <>
      <NodeHeader node={node} card={card} />
      <Tabs.Root value={tab} onValueChange={(value) => setChosen({ tab: value, at: wanted })}>
        <Tabs.List className={[kit.tabs, css.tabs].join(" ")} aria-label="About this node">
          {TABS.map(([value, words]) => (
            <Tabs.Trigger key={value} value={value} className={kit.tab}>
              {words}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value="settings" className={css.body} tabIndex={-1}>
          {card ? (
            <NodeSettings node={node} card={card} />
          ) : cards.isPending ? (
            <Busy what="Asking what can be set…" />
          ) : (
            <p className={css.text}>
              There is no component '{node.component}' here, so its settings cannot be shown. They are kept as they are in the flow.
            </p>
          )}
        </Tabs.Content>
        <Tabs.Content value="output" className={css.body} tabIndex={-1}>
          <Suspense fallback={<Busy what="Opening…" />}>
            <OutputPanel node={node.id} />
          </Suspense>
        </Tabs.Content>
        <Tabs.Content value="code" className={css.body} tabIndex={-1}>
          <CodePanel node={node} />
        </Tabs.Content>
      </Tabs.Root>
    </>
  );
}
