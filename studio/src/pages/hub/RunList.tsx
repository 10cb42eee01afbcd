import { FlaskConical, GitCompareArrows } from "lucide-react";
import { useMemo, useState } from "react";

import type { RunCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { Empty } from "../../kit/small";
import { useRoute } from "../../store/route";
import { deleteRun, editRun } from "./acts";
import { ConfirmDialog, TextDialog } from "./dialogs";
import css from "./hub.module.css";
import { Rows } from "./Rows";
import { RunItem } from "./RunItem";
import type { RunDialog } from "./runDialog";

type Props = { project: string; runs: readonly RunCard[]; numAll: number; flow: string | null; isSearching: boolean };

/** The runs of a project, the newest first; two or more can be compared. */
export function RunList({ project, runs, numAll, flow, isSearching }: Props) {
  const go = useRoute((state) => state.go);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [dialog, setDialog] = useState<RunDialog | null>(null);
  const compared = useMemo(() => runs.filter((run) => marked.has(run.id)).map((run) => run.id), [runs, marked]);
  const toggle = (id: string) =>
    setMarked((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const close = () => setDialog(null);
  return (
    <section className={css.column} aria-labelledby="hub-runs">
      <div className={css.runsHead}>
        <h2 id="hub-runs">
          Runs {flow ? `of ${flow}` : ""} <span>{runs.length}</span>
        </h2>
        <Button
          whyNot={compared.length > 1 ? null : "Mark two runs or more to compare them."}
          onClick={() => go({ page: "runs", project, compare: compared })}
        >
          <GitCompareArrows size={14} aria-hidden /> Compare{compared.length > 1 ? ` ${compared.length}` : ""}
        </Button>
        <Button look="ghost" onClick={() => go({ page: "runs", project, compare: [] })}>
          As a table
        </Button>
      </div>
      {runs.length === 0 ? (
        <Empty icon={<FlaskConical size={20} aria-hidden />} title={isSearching ? "None fits" : "No run yet"}>
          <p>
            {isSearching
              ? "Try fewer words."
              : numAll > 0
                ? "What is chosen at the left has no run yet. Open the flow and press Run."
                : "Open a flow and press Run. Each run keeps its flow, scores, proof and predictions."}
          </p>
        </Empty>
      ) : null}
      <Rows items={runs} keyOf={(run) => run.id} height={84} label="Runs">
        {(run) => (
          <RunItem project={project} run={run} isMarked={marked.has(run.id)} onMark={() => toggle(run.id)} onDialog={setDialog} />
        )}
      </Rows>
      {dialog?.kind === "rename" ? (
        <TextDialog
          title="Rename the run"
          label="Name"
          initial={dialog.run.name ?? ""}
          verb="Rename"
          onDone={(name) => editRun(project, dialog.run.id, { name })}
          onClose={close}
        />
      ) : null}
      {dialog?.kind === "note" ? (
        <TextDialog
          title={`Note on ${dialog.run.name ?? dialog.run.id}`}
          label="Note"
          initial={dialog.run.note ?? ""}
          verb="Keep"
          mayBeEmpty
          onDone={(note) => editRun(project, dialog.run.id, { note })}
          onClose={close}
        />
      ) : null}
      {dialog?.kind === "delete" ? (
        <ConfirmDialog
          title={`Delete the run ${dialog.run.name ?? dialog.run.id}?`}
          text="Its weights, scores, predictions and exports are deleted for good."
          verb="Delete for good"
          onDone={() => deleteRun(project, dialog.run)}
          onClose={close}
        />
      ) : null}
    </section>
  );
}
