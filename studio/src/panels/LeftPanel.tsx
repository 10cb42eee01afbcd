import { Tabs } from "radix-ui";

import kit from "../kit/kit.module.css";
import { type LeftTab, useView } from "../store/view";
import { Outline } from "./Outline";
import { Palette } from "./Palette";
import { RecipePanel } from "./RecipePanel";
import css from "./left/left.module.css";

const TABS: readonly (readonly [LeftTab, string])[] = [
  ["components", "Components"],
  ["outline", "Outline"],
  ["recipe", "Recipe"],
];

/** What can be added, what is there, and how it is trained. */
export function LeftPanel() {
  const left = useView((state) => state.left);
  const setLeft = useView((state) => state.setLeft);
  return (
    <Tabs.Root className={css.panel} value={left} onValueChange={(tab) => setLeft(tab as LeftTab)}>
      <Tabs.List className={[kit.tabs, css.tabs].join(" ")} aria-label="Parts of the flow">
        {TABS.map(([tab, words]) => (
          <Tabs.Trigger key={tab} value={tab} className={kit.tab}>
            {words}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value="components" className={css.content} tabIndex={-1}>
        <Palette />
      </Tabs.Content>
      <Tabs.Content value="outline" className={css.content} tabIndex={-1}>
        <Outline />
      </Tabs.Content>
      <Tabs.Content value="recipe" className={css.content} tabIndex={-1}>
        <RecipePanel />
      </Tabs.Content>
    </Tabs.Root>
  );
}
