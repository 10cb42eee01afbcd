import { useMutation } from "@tanstack/react-query";
import { Download, PackageCheck } from "lucide-react";

import { api, must } from "../../api/client";
import type { RunView } from "../../api/types";
import { Button } from "../../kit/Button";
import { Busy, Notice } from "../../kit/small";
import { isGoing } from "../../model/progress";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { ask, queries } from "../../store/session";
import { say } from "../../store/toast";
import { Card } from "./Card";
import { ReportCard } from "./ReportCard";
import css from "./run.module.css";

const OWN: readonly (readonly [string, string])[] = [
  ["weights.safetensors", "Weights of the whole network"],
  ["flow.yaml", "The flow: opens in the studio, runs from the command line"],
  ["record.json", "The record: scores, proof, cost, environment"],
  ["plan.json", "The plan"],
  ["events.jsonl", "All events, one a line"],
];

/** What leaves: exports that were checked against the run, and the files of the run itself. */
export default function ExportTab({ project, view }: { project: string; view: RunView }) {
  const run = view.card.id;
  const base = `/api/projects/${encodeURIComponent(project)}/runs/${encodeURIComponent(run)}`;
  const write = useMutation({
    mutationFn: () =>
      must(api.POST("/api/projects/{project}/runs/{run}/exports/new", { params: { path: { project, run } }, body: { to: "onnx" } })),
    onSuccess: (next) => {
      queries.setQueryData(ask.run(project, run).queryKey, next.view);
      say("The export is written, and gives the run's own predictions.", { tone: "ok" });
    },
  });
  const isEnded = !isGoing(view.card.status) && view.record?.proof;
  const whyNot = !isEnded ? "A run is exported when it has ended." : write.isPending ? "It is being written." : null;
  return (
    <div className={css.cards}>
      <Card title="Export to ONNX">
        <p>
          One file with the preprocessing inside: images in, logits and class probabilities out. It runs wherever ONNX Runtime does. The export
          is computed beside the run on up to 64 of its own images, and refused if its logits differ by more than rounding.
        </p>
        <div className={css.actions}>
          <Button look="primary" whyNot={whyNot} onClick={() => write.mutate()}>
            <PackageCheck size={14} aria-hidden /> {view.exports.length ? "Write it again" : "Write and check"}
          </Button>
          {write.isPending ? <Busy what="Writing and checking…" /> : null}
        </div>
        {write.error ? <RefusalNotice error={write.error} onRetry={() => write.mutate()} /> : null}
        {write.isSuccess ? <Notice tone="ok">Checked against the run. {write.data.summary}</Notice> : null}
        {view.exports.length ? (
          <ul className={css.files}>
            {view.exports.map((name) => (
              <File key={name} base={base} name={name} words={name.endsWith(".json") ? "What the model takes and gives, in words" : "The model"} />
            ))}
          </ul>
        ) : (
          <p className={css.quiet}>Nothing was exported yet.</p>
        )}
      </Card>
      <Card title="Files of the run">
        <ul className={css.files}>
          {OWN.map(([name, words]) => (
            <File key={name} base={base} name={name} words={words} />
          ))}
        </ul>
      </Card>
      <ReportCard project={project} view={view} isEnded={Boolean(isEnded)} />
    </div>
  );
}

function File({ base, name, words }: { base: string; name: string; words: string }) {
  return (
    <li>
      <a href={`${base}/files/${encodeURIComponent(name)}`} download>
        <Download size={13} aria-hidden /> {name}
      </a>
      <span className={css.quiet}>{words}</span>
    </li>
  );
}
