import { CircleAlert, FolderSync, Images, Workflow } from "lucide-react";

import type { ImagesSettings } from "../../api/types";
import { Button } from "../../kit/Button";
import { Badge, Busy } from "../../kit/small";
import { formatPlural } from "../../model/format";
import { useCheck } from "../../store/checking";
import { useRoute } from "../../store/route";
import { LABEL_KINDS, sourceName } from "../start/words";
import css from "./data.module.css";
import type { OpenData } from "./open";

type Props = { project: string; name: string; settings: ImagesSettings; data: OpenData | null; onChange: () => void };

/** Where the images come from, how many there are, and the way on to the flow. */
export function DataHeader({ project, name, settings, data, onChange }: Props) {
  const go = useRoute((state) => state.go);
  const report = data?.view.report;
  const errors = useCheck().problems.filter((problem) => problem.level === "error");
  return (
    <header className={css.head}>
      <Images size={22} aria-hidden />
      <div className={css.title}>
        <h1>{settings.source ? sourceName(settings.source) : "No images chosen yet"}</h1>
        <code title={settings.source}>{settings.source}</code>
      </div>
      <div className={css.badges}>
        {report ? <Badge>{formatPlural(report.num_images, "image")}</Badge> : null}
        {report && report.classes.length ? <Badge>{formatPlural(report.classes.length, "class", "classes")}</Badge> : null}
        <Badge>{LABEL_KINDS.find(([kind]) => kind === settings.label_kind)?.[1]}</Badge>
        {data?.excluded.size ? <Badge tone="warning">{data.excluded.size} excluded</Badge> : null}
        {data && Object.keys(data.relabel).length ? <Badge tone="accent">{Object.keys(data.relabel).length} relabeled</Badge> : null}
        {errors.length ? (
          <Badge tone="error" title={errors.map((problem) => problem.message).join("\n")}>
            <CircleAlert size={11} aria-hidden /> {formatPlural(errors.length, "problem")} in the flow
          </Badge>
        ) : null}
        {data?.isBehind ? <Busy what="Reading again…" /> : null}
      </div>
      <Button onClick={onChange}>
        <FolderSync size={14} aria-hidden /> Change source…
      </Button>
      <Button look="primary" onClick={() => go({ page: "flow", project, flow: name })}>
        <Workflow size={14} aria-hidden /> Go to the flow
      </Button>
    </header>
  );
}
