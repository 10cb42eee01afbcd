import { FileText, FolderOpen, Pencil, Play, Square, Trash2 } from "lucide-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, must } from "../../api/client";
import type { RunView } from "../../api/types";
import { Button, IconButton } from "../../kit/Button";
import { TextField } from "../../kit/Field";
import { Modal } from "../../kit/Modal";
import { Badge, Progress } from "../../kit/small";
import { formatSeconds, formatWhen } from "../../model/format";
import { STATUS_TONE, canResume, isGoing, placeWords, statusWords, timeLeft } from "../../model/progress";
import { reportAddress } from "../../model/reports";
import { openBeside } from "../../store/reports";
import { noteCard, useRun, useStatus } from "../../store/runs";
import { order } from "../../store/running";
import { useRoute } from "../../store/route";
import { queries } from "../../store/session";
import { say, sayError } from "../../store/toast";
import css from "./run.module.css";

/** Name and state of the run, and what can be done with it. */
export function RunHead({ project, view }: { project: string; view: RunView }) {
  const { card } = view;
  const status = useStatus(project, card) ?? card.status;
  const followed = useRun(isGoing(status) ? project : null, isGoing(status) ? card.id : null);
  const [dialog, setDialog] = useState<"name" | "delete" | null>(null);
  const go = useRoute((state) => state.go);
  const openFlow = useMutation({
    mutationFn: () => must(api.POST("/api/projects/{project}/flows", { params: { path: { project } }, body: { run: card.id } as never })),
    onSuccess: (file) => {
      void queries.invalidateQueries({ queryKey: ["hub", project] });
      say(`The run's flow is open as '${file.name}'.`, { tone: "ok" });
      go({ page: "flow", project, flow: file.name });
    },
    onError: sayError,
  });
  const progress = followed?.progress ?? view.progress;
  return (
    <header className={css.head}>
      <div className={css.headLine}>
        <h1>{card.name ?? card.id}</h1>
        <IconButton label="Rename the run" onClick={() => setDialog("name")}>
          <Pencil size={14} />
        </IconButton>
        <Badge tone={STATUS_TONE[status] ?? "plain"}>{statusWords(status)}</Badge>
        <span className={css.quiet}>
          {formatWhen(card.created)}
          {card.seconds ? ` · ${formatSeconds(card.seconds)}` : ""} · <span className="mono">{card.id}</span>
        </span>
        <span className={css.gap} />
        {isGoing(status) ? (
          <Button onClick={() => void order(project, card.id, "stop")}>
            <Square size={13} aria-hidden /> Stop
          </Button>
        ) : (
          <Button
            whyNot={canResume(status) ? null : `A run that is ${statusWords(status).toLowerCase()} is not gone on with.`}
            onClick={() => void order(project, card.id, "resume")}
          >
            <Play size={13} aria-hidden /> Resume
          </Button>
        )}
        <Button
          onClick={() => openFlow.mutate()}
          whyNot={view.flow ? (openFlow.isPending ? "It is being opened." : null) : "The run's flow does not read."}
          tip="Makes a flow with exactly the settings of this run"
        >
          <FolderOpen size={13} aria-hidden /> Open its flow
        </Button>
        <Button
          tip="What is looked at already is in it; Export writes the full report"
          onClick={() => openBeside(reportAddress(project, card.id))}
          whyNot={view.has_report || view.record?.proof ? null : "The report is written when the run ends."}
        >
          <FileText size={13} aria-hidden /> Report
        </Button>
        <IconButton label="Delete the run" whyNot={isGoing(status) ? "Stop the run first." : null} onClick={() => setDialog("delete")}>
          <Trash2 size={14} />
        </IconButton>
      </div>
      {isGoing(status) ? (
        <div className={css.progress}>
          <Progress share={progress?.share ?? 0} label="Share of the run that is done" />
          <span className={css.quiet}>
            {placeWords(progress)} · {timeLeft(progress)}
          </span>
        </div>
      ) : null}
      {dialog === "name" ? <Rename project={project} view={view} onClose={() => setDialog(null)} /> : null}
      {dialog === "delete" ? <Delete project={project} view={view} onClose={() => setDialog(null)} /> : null}
    </header>
  );
}

type DialogProps = { project: string; view: RunView; onClose: () => void };

function Rename({ project, view, onClose }: DialogProps) {
  const [name, setName] = useState(view.card.name ?? "");
  const save = useMutation({
    mutationFn: () =>
      must(api.PATCH("/api/projects/{project}/runs/{run}", { params: { path: { project, run: view.card.id } }, body: { name } })),
    onSuccess: (card) => {
      noteCard(project, card);
      say(`The run is called '${card.name}' now.`);
      onClose();
    },
    onError: sayError,
  });
  return (
    <Modal title="Rename the run" isOpen onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) save.mutate();
        }}
      >
        <TextField label="Name" value={name} autoFocus onChange={(event) => setName(event.target.value)} help="Runs of a flow's name belong to that flow." />
        <Button type="submit" look="primary" whyNot={name.trim() ? null : "A name is wanted."}>
          Rename
        </Button>
      </form>
    </Modal>
  );
}

function Delete({ project, view, onClose }: DialogProps) {
  const go = useRoute((state) => state.go);
  const remove = useMutation({
    mutationFn: () => must(api.DELETE("/api/projects/{project}/runs/{run}", { params: { path: { project, run: view.card.id } } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["hub", project] });
      say("The run was deleted.");
      go({ page: "runs", project, compare: [] }, "replace");
    },
    onError: sayError,
  });
  return (
    <Modal title="Delete the run?" description="Its folder goes for good: weights, checkpoints, predictions, exports. This cannot be undone." isOpen onClose={onClose}>
      <div className={css.actions}>
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" onClick={() => remove.mutate()} whyNot={remove.isPending ? "It is being deleted." : null}>
          Delete for good
        </Button>
      </div>
    </Modal>
  );
}
