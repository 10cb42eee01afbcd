import { Flame, Minus, Snowflake } from "lucide-react";

import type { RunView } from "../../api/types";
import { Notice } from "../../kit/small";
import { formatBytes, formatCount, formatExact, formatSeconds } from "../../model/format";
import { isGoing } from "../../model/progress";
import { ProofCard } from "../../panels/dock/ProofCard";
import { ScoresTable } from "../../panels/dock/ScoresTable";
import { useStatus } from "../../store/runs";
import { AveragedCard } from "./AveragedCard";
import { BaseFacts } from "./BaseFacts";
import { Card, Facts } from "./Card";
import { ControlsCard } from "./ControlsCard";
import { NoteCard } from "./NoteCard";
import css from "./run.module.css";

/** The run at a glance. */
export function Overview({ project, view }: { project: string; view: RunView }) {
  const { card, record, plan } = view;
  const status = useStatus(project, card) ?? card.status;
  const goes = isGoing(status);
  const { cost, data, environment } = record ?? { cost: null, data: null, environment: null };
  const message = record?.message ?? card.message;
  return (
    <div className={css.cards}>
      {message ? (
        <div className={css.wide}>
          <Notice tone={status === "failed" ? "error" : "info"}>{message}</Notice>
        </div>
      ) : null}
      {record === null ? (
        <div className={css.wide}>
          <Notice tone="warning">The run has no record that reads{goes ? " yet" : ""}. {view.log ? "Its process wrote what is below." : ""}</Notice>
          {view.log ? <pre className={css.log}>{view.log}</pre> : null}
        </div>
      ) : null}
      {record?.averaged ? <AveragedCard project={project} averaged={record.averaged} /> : null}
      <ProofCard project={project} run={card.id} proof={record?.proof ?? null} isEnded={!goes} />
      <ControlsCard project={project} view={view} isEnded={!goes} />
      <Card title="Scores">
        <ScoresTable metrics={record?.metrics ?? {}} />
      </Card>
      <Card title="Cost">
        {cost ? (
          <Facts
            rows={[
              ["Time", formatSeconds(cost.seconds)],
              ["Images through the base", formatExact(cost.base_images)],
              ["Stored features through unfrozen stages", formatExact(cost.partial_images)],
              ["Features found in the cache", formatExact(cost.cache_hits)],
              ["Size of those features", formatBytes(cost.cache_bytes)],
              ["Most memory", formatBytes(cost.peak_memory_bytes)],
              ["Best epoch", record?.best_epoch === null || record?.best_epoch === undefined ? "–" : String(record.best_epoch)],
            ]}
          />
        ) : (
          <p className={css.quiet}>Time, images and memory are counted when the run ends.</p>
        )}
      </Card>
      <Card title="Data">
        {data ? (
          <>
            <Facts
              rows={[
                ["Source", data.source],
                ["Images", Object.entries(data.num_images).map(([split, number]) => `${formatExact(number)} ${split}`).join(", ")],
                ["Classes", data.classes.length ? `${data.classes.length}: ${data.classes.slice(0, 12).join(", ")}${data.classes.length > 12 ? ", …" : ""}` : "none"],
                ["Unreadable, left out", formatExact(data.num_skipped)],
                ["Copies", formatExact(data.num_duplicates)],
                ["Digest", <code key="d">{data.digest}</code>],
              ]}
            />
            {data.notes.map((note) => (
              <p key={note} className={css.quiet}>
                {note}
              </p>
            ))}
          </>
        ) : (
          <p className={css.quiet}>The images have not been read yet.</p>
        )}
      </Card>
      <BaseFacts card={record?.card ?? null} base={card.base} />
      <Card title="Plan">
        {plan ? (
          <>
            <ul className={css.stages}>
              {plan.stages.map((stage) => {
                const moving = stage.num_trainable ?? (stage.is_frozen ? 0 : stage.num_parameters);
                const Icon = moving ? Flame : stage.num_parameters ? Snowflake : Minus;
                const words = !stage.num_parameters
                  ? "no parameters"
                  : moving === 0
                    ? "frozen"
                    : moving === stage.num_parameters
                      ? "trainable"
                      : `${formatCount(moving)} trainable`;
                return (
                  <li key={stage.name} data-state={!stage.num_parameters ? "none" : moving ? "trainable" : "frozen"}>
                    <Icon size={12} aria-hidden />
                    <span className="mono">{stage.name}</span>
                    <span>{words}</span>
                    <span className={css.right}>{formatCount(stage.num_parameters)}</span>
                  </li>
                );
              })}
            </ul>
            <p className={css.quiet}>{plan.cache.reason}</p>
            <p className={css.quiet}>{plan.compute.reason}</p>
          </>
        ) : (
          <p className={css.quiet}>The plan is made when the images have been read.</p>
        )}
      </Card>
      <NoteCard key={card.id} project={project} run={card.id} note={card.note ?? ""} />
      <Card title="Environment">
        {environment ? (
          <Facts
            rows={[
              ["Graftwork", environment.graftwork],
              ["Python", environment.python],
              ["torch", environment.torch],
              ...Object.entries(environment.libraries).map(([name, version]) => [name, version] as const),
              ["Device", `${environment.device} · ${environment.processor} · ${environment.num_threads} threads`],
              ["Seed", String(record?.seed ?? "–")],
            ]}
          />
        ) : (
          <p className={css.quiet}>Versions and machine are noted when the run begins.</p>
        )}
      </Card>
    </div>
  );
}
