import {
  Ban, CircleCheck, CirclePause, CircleX, Clock, FilePen, LoaderCircle, MoreVertical, Play, ShieldAlert, ShieldCheck, StickyNote, Trash2, Unplug,
} from "lucide-react";

import type { RunCard } from "../../api/types";
import { IconButton } from "../../kit/Button";
import { Menu } from "../../kit/Menu";
import { Badge } from "../../kit/small";
import { formatSeconds, formatWhen } from "../../model/format";
import { STATUS_TONE, canResume, isGoing, statusWords } from "../../model/progress";
import { scoreWords, showScore } from "../../model/told";
import { useRoute } from "../../store/route";
import { sayError } from "../../store/toast";
import { resumeRun } from "./acts";
import css from "./hub.module.css";
import type { RunDialog } from "./runDialog";

const ICONS: Record<string, typeof Play> = {
  starting: LoaderCircle,
  queued: Clock,
  running: LoaderCircle,
  paused: CirclePause,
  finished: CircleCheck,
  stopped: Ban,
  failed: CircleX,
  interrupted: Unplug,
};

type Props = { project: string; run: RunCard; isMarked: boolean; onMark: () => void; onDialog: (dialog: RunDialog) => void };

/** One run: how it went, what it cost, whether its proof holds. */
export function RunItem({ project, run, isMarked, onMark, onDialog }: Props) {
  const go = useRoute((state) => state.go);
  const Icon = ICONS[run.status] ?? Clock;
  const name = run.name ?? run.id;
  return (
    <div className={css.item} data-chosen={isMarked || undefined}>
      <label className={css.mark} title="Mark for comparing">
        <input type="checkbox" checked={isMarked} aria-label={`Mark ${name} (${run.id}) for comparing`} onChange={onMark} />
      </label>
      <button type="button" className={css.run} onClick={() => go({ page: "run", project, run: run.id, tab: "overview" })}>
        <span className={css.runTop}>
          <strong>{name}</strong>
          <Badge tone={STATUS_TONE[run.status] ?? "plain"}>
            <Icon size={11} aria-hidden /> {statusWords(run.status)}
          </Badge>
          <Score run={run} />
        </span>
        <span className={css.runFacts}>
          <code>{run.id}</code>
          <span>{[run.base, run.strategy?.replaceAll("_", " ")].filter(Boolean).join(" · ")}</span>
        </span>
        <span className={css.runFacts}>
          <Proof holds={run.proof_holds} />
          <span>{run.seconds === null ? "" : formatSeconds(run.seconds)}</span>
          <span>{formatWhen(run.created)}</span>
          {run.note ? <em title={run.note}>{run.note}</em> : null}
        </span>
        {run.message ? (
          <span className={css.problem} title={run.message}>
            {run.message}
          </span>
        ) : null}
      </button>
      <Menu
        items={[
          {
            label: "Resume",
            icon: <Play size={14} aria-hidden />,
            whyNot: canResume(run.status) ? null : `A run that is ${statusWords(run.status).toLowerCase()} cannot be gone on with.`,
            onSelect: () => void resumeRun(project, run).catch(sayError),
          },
          { label: "Rename…", icon: <FilePen size={14} aria-hidden />, onSelect: () => onDialog({ kind: "rename", run }) },
          { label: "Note…", icon: <StickyNote size={14} aria-hidden />, onSelect: () => onDialog({ kind: "note", run }) },
          {
            label: "Delete…",
            icon: <Trash2 size={14} aria-hidden />,
            whyNot: isGoing(run.status) ? "Stop it first." : null,
            onSelect: () => onDialog({ kind: "delete", run }),
          },
        ]}
      >
        <IconButton label={`More for ${name}`}>
          <MoreVertical size={15} />
        </IconButton>
      </Menu>
    </div>
  );
}

function Score({ run }: { run: RunCard }) {
  if (!run.score || !run.score_name) return null;
  const { value, low, high } = run.score;
  const name = run.score_name;
  return (
    <span className={css.score} title={`${scoreWords(name)}${run.score_split ? ` on ${run.score_split}` : ""}, 95 % interval`}>
      {scoreWords(name)} <b>{showScore(name, value)}</b>{" "}
      <small>
        {showScore(name, low)} to {showScore(name, high)}
      </small>
    </span>
  );
}

function Proof({ holds }: { holds: boolean | null }) {
  if (holds === null) return <span>no proof yet</span>;
  return holds ? (
    <span data-tone="ok">
      <ShieldCheck size={12} aria-hidden /> proof holds
    </span>
  ) : (
    <span data-tone="error">
      <ShieldAlert size={12} aria-hidden /> proof failed
    </span>
  );
}
