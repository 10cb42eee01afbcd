import { useQuery } from "@tanstack/react-query";
import { FolderSync } from "lucide-react";

import { api, must } from "../../api/client";
import type { FlowNode, ImagesSettings } from "../../api/types";
import { Button } from "../../kit/Button";
import { Busy, Notice } from "../../kit/small";
import { editNode, setRecipe, setSettings } from "../../model/edits";
import { formatExact } from "../../model/format";
import { splitWord } from "../../model/views";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { edit } from "../../store/doc";
import { SourceForm } from "../start/SourceForm";
import css from "./data.module.css";
import { NumberField } from "./NumberField";
import type { OpenData } from "./open";

type Props = {
  project: string;
  node: FlowNode;
  settings: ImagesSettings;
  seed: number;
  data: OpenData | null;
  onChange: () => void;
};

/** How the source is read, and how its images are split. */
export function SourceTab({ project, node, settings, seed, data, onChange }: Props) {
  const card = useQuery({
    queryKey: ["source", project, settings.source],
    queryFn: ({ signal }) =>
      must(api.POST("/api/projects/{project}/source", { params: { path: { project } }, body: { path: settings.source }, signal })),
    enabled: settings.source !== "",
    retry: false,
  });
  const isGiven = settings.split_column !== null || (card.data?.columns.some((column) => column.role === "split") ?? false);
  return (
    <div className={css.source}>
      <section aria-labelledby="source">
        <div className={css.sectionHead}>
          <h2 id="source">Source</h2>
          <Button onClick={onChange}>
            <FolderSync size={14} aria-hidden /> Change source…
          </Button>
        </div>
        {card.data ? (
          <SourceForm
            card={card.data}
            settings={node.settings as Record<string, unknown>}
            onSettings={(next, label) =>
              edit(label, (flow) => editNode(flow, node.id, (old) => ({ ...old, settings: next as FlowNode["settings"] })))
            }
          />
        ) : card.error ? (
          <RefusalNotice error={card.error} onRetry={() => void card.refetch()} retryWords="Look again" />
        ) : settings.source ? (
          <Busy what="Looking at what it holds…" />
        ) : (
          <Notice tone="info">No images are chosen yet.</Notice>
        )}
      </section>
      <section aria-labelledby="split">
        <h2 id="split">Split</h2>
        {isGiven ? (
          <Notice tone="info">The source says itself which images are for training, validation and test; shares matter only for a split that it lacks.</Notice>
        ) : (
          <p className={css.note}>
            Drawn by the seed, the same in each run; copies of one image never lie in two splits. Classes keep their shares.
          </p>
        )}
        <div className={css.shares}>
          {(["validation", "test"] as const).map((name) => (
            <NumberField
              key={name}
              label={name === "validation" ? "Validation, %" : "Test, %"}
              help={name === "validation" ? "Choose the best checkpoint." : "Kept for the final scores."}
              value={Math.round(settings[name] * 1000) / 10}
              least={0}
              most={89}
              onCommit={(percent) =>
                edit(`Set the ${name} share to ${percent} %`, (flow) => setSettings(flow, node.id, { [name]: percent / 100 }))
              }
            />
          ))}
          <NumberField
            label="Seed"
            help="Another seed draws another split, and all else that is random."
            value={seed}
            least={0}
            most={2 ** 32 - 1}
            isWhole
            onCommit={(next) => edit(`Set the seed to ${next}`, (flow) => setRecipe(flow, { seed: next }))}
          />
        </div>
        {data ? <SplitBar data={data} /> : null}
      </section>
    </div>
  );
}

const SPLITS = ["train", "validation", "test"] as const;

function SplitBar({ data }: { data: OpenData }) {
  const { split_counts: counts, num_images: total } = data.view.report;
  const sums = SPLITS.map((split) => [split, Object.values(counts[split] ?? {}).reduce((sum, count) => sum + count, 0)] as const);
  const known = sums.reduce((sum, [, count]) => sum + count, 0);
  if (known === 0) return null;
  return (
    <div className={css.splitBar}>
      <div className={css.counts} aria-hidden>
        {sums.map(([split, count]) => (
          <span key={split} data-split={split} style={{ width: `${(100 * count) / known}%` }} />
        ))}
      </div>
      <p>{sums.map(([split, count]) => `${formatExact(count)} ${splitWord(split)}`).join(" · ")}{data.settings.label_kind === "tags" ? ` (by tag; ${formatExact(total)} images)` : ""}</p>
    </div>
  );
}
