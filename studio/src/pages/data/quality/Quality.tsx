import { useQuery } from "@tanstack/react-query";
import { ScanSearch } from "lucide-react";
import { Tabs } from "radix-ui";

import type { DataQuality } from "../../../api/types";
import { Button } from "../../../kit/Button";
import kit from "../../../kit/kit.module.css";
import { Badge, Busy, Notice, Progress } from "../../../kit/small";
import { formatExact } from "../../../model/format";
import { lookedAt, summary } from "../../../model/quality";
import { RefusalNotice } from "../../../panels/RefusalNotice";
import { askQuality, useLooked } from "../../../store/quality";
import type { OpenData } from "../open";
import { Effect } from "./Effect";
import { LookAlikes } from "./LookAlikes";
import { Outliers } from "./Outliers";
import css from "./quality.module.css";
import { Suspects } from "./Suspects";

export type QualityProps = { data: OpenData; found: DataQuality; onLarge: (key: string) => void };

/** What the pretrained base says of the images: doubtful labels, look-alikes, outliers; looked for when asked. */
export function Quality({ data, onLarge }: Omit<QualityProps, "found">) {
  const at = `${data.project}/${data.flow.name}`;
  const looked = useLooked((state) => state.flows[at] ?? null);
  const look = useLooked((state) => state.look);
  const { data: found, error, isFetching, refetch } = useQuery(askQuality.found(data.project, looked));
  const isOld = looked !== null && lookedAt(looked) !== lookedAt(data.flow);
  const again = () => (looked && !isOld ? void refetch() : look(at, data.flow));
  const whyNot = isFetching ? "The base is looking at the images." : data.isBehind ? "The data is being read again." : null;
  return (
    <section aria-labelledby="quality" className={css.quality}>
      <div className={css.top}>
        <div>
          <h2 id="quality">Label suspects, look-alikes, outliers</h2>
          <p className={css.quiet}>{found ? summary(found) : "The pretrained base looks at each image once; a linear probe judges labels that it did not see."}</p>
        </div>
        <Button look={found && !isOld ? "plain" : "primary"} whyNot={whyNot} onClick={again}>
          <ScanSearch size={14} aria-hidden /> {found ? "Look again" : "Look for them"}
        </Button>
      </div>
      {isFetching ? <Looking project={data.project} /> : null}
      {error && !isFetching ? <RefusalNotice error={error} onRetry={() => void refetch()} /> : null}
      {found && isOld && !isFetching ? (
        <Notice tone="info">The flow was edited since; these are the findings from before. “Look again” takes the corrections into account.</Notice>
      ) : null}
      {found && !isFetching ? <Found data={data} found={found} onLarge={onLarge} /> : null}
    </section>
  );
}

function Looking({ project }: { project: string }) {
  const { data: progress } = useQuery(askQuality.progress(project, true));
  if (!progress?.total || progress.done >= progress.total) return <Busy what="Looking at the data…" />;
  return (
    <div role="status" className={css.looking}>
      <span>
        The base looks at the images: {formatExact(progress.done)} of {formatExact(progress.total)}
      </span>
      <Progress share={progress.done / progress.total} label="Images that the base looked at" />
    </div>
  );
}

function Found({ data, found, onLarge }: QualityProps) {
  const tabs = [
    ["suspects", "Label suspects", found.num_suspects],
    ["alike", "Look-alikes", found.num_look_alikes],
    ["outliers", "Outliers", found.num_outliers],
  ] as const;
  return (
    <>
      {found.notes.map((note) => (
        <Notice key={note} tone="info">
          {note}
        </Notice>
      ))}
      <Effect data={data} found={found} />
      <Tabs.Root defaultValue={tabs.find(([, , count]) => count)?.[0] ?? "suspects"}>
        <Tabs.List className={kit.tabs} aria-label="What was found">
          {tabs.map(([name, words, count]) => (
            <Tabs.Trigger key={name} className={kit.tab} value={name}>
              {words} <Badge tone={count ? "warning" : "plain"}>{formatExact(count)}</Badge>
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value="suspects" tabIndex={-1}>
          <Suspects data={data} found={found} onLarge={onLarge} />
        </Tabs.Content>
        <Tabs.Content value="alike" tabIndex={-1}>
          <LookAlikes data={data} found={found} onLarge={onLarge} />
        </Tabs.Content>
        <Tabs.Content value="outliers" tabIndex={-1}>
          <Outliers data={data} found={found} onLarge={onLarge} />
        </Tabs.Content>
      </Tabs.Root>
    </>
  );
}
