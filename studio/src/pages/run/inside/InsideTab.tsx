import { Tabs } from "radix-ui";
import { Suspense } from "react";

import kit from "../../../kit/kit.module.css";
import { Busy } from "../../../kit/small";
import { useRoute } from "../../../store/route";
import { type InsideProps, VIEWS } from "./views";

/** See inside: one look at a time. */
export function InsideTab({ project, view, shown }: InsideProps & { shown: string }) {
  const go = useRoute((state) => state.go);
  const Show = VIEWS.find((one) => one.name === shown)?.Show;
  return (
    <Tabs.Root value={shown} onValueChange={(tab) => go({ page: "run", project, run: view.card.id, tab }, "replace")}>
      <Tabs.List className={kit.tabs} aria-label="Looks inside">
        {VIEWS.filter((one) => one.name === shown || (one.fits?.(view) ?? true)).map(({ name, words }) => (
          <Tabs.Trigger key={name} value={name} className={kit.tab}>
            {words}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value={shown}>
        <Suspense fallback={<Busy what="Opening…" />}>{Show ? <Show project={project} view={view} /> : null}</Suspense>
      </Tabs.Content>
    </Tabs.Root>
  );
}
