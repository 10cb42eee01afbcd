import { useQuery } from "@tanstack/react-query";

import { api, must } from "../../api/client";
import type { FlowNode } from "../../api/types";
import { formatExact, formatPlural } from "../../model/format";
import { fullSettings } from "../../model/thumbnails";
import { splitWord } from "../../model/views";
import { useDoc } from "../../store/doc";
import css from "./content.module.css";

const SPLITS = ["train", "validation", "test"] as const;
const SHOWN = 6;

/** Classes of a data set with their counts, and how it is split. */
export function ImagesSummary({ project, node }: { project: string; node: FlowNode }) {
  const seed = useDoc((state) => state.flow.recipe.seed);
  const settings = fullSettings(node.settings);
  const found = useQuery({
    queryKey: ["data", project, settings, seed],
    queryFn: ({ signal }) => {
      const params = { path: { project } };
      return must(api.POST("/api/projects/{project}/data", { params, body: { settings, seed }, signal }));
    },
    enabled: settings.source !== "",
    staleTime: Infinity,
  });
  if (!found.data) return null;
  const { classes, report } = found.data;
  const most = Math.max(1, ...classes.map((row) => row.num_images));
  // Tags and masks have several classes to an image: counts of classes do not add up to images.
  const isOneClassEach = settings.label_kind === "category";
  const counts = SPLITS.map((split) => sum(Object.values(report.split_counts[split] ?? {})));
  return (
    <div className={css.classes}>
      {classes.slice(0, SHOWN).map((row) => (
        <div key={row.name} className={css.classRow}>
          <span className={css.caption} title={row.name}>
            {row.name}
          </span>
          <span className={css.classBar} aria-hidden>
            <span className={css.classFill} style={{ display: "block", width: `${(100 * row.num_images) / most}%` }} />
          </span>
          <span className={css.number}>{formatExact(row.num_images)}</span>
        </div>
      ))}
      {classes.length > SHOWN ? <span className={css.text2}>and {formatPlural(classes.length - SHOWN, "class", "classes")} more</span> : null}
      {isOneClassEach ? (
        <>
          <div className={css.splitBar} aria-hidden>
            {SPLITS.map((split, at) => (
              <span key={split} data-split={split} style={{ flexGrow: counts[at] ?? 0 }} />
            ))}
          </div>
          <div className={css.splits}>
            {SPLITS.map((split, at) => (
              <span key={split}>
                <i className={css.split} data-split={split} aria-hidden />
                {formatExact(counts[at] ?? 0)} {splitWord(split)}
              </span>
            ))}
          </div>
        </>
      ) : null}
    </div>
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
