import { useMutation, useQuery } from "@tanstack/react-query";

import type { TemplateCard } from "../../api/types";
import { Button } from "../../kit/Button";
import { Modal } from "../../kit/Modal";
import { Busy, Empty } from "../../kit/small";
import { formatWhen } from "../../model/format";
import { scoreWords, showScore } from "../../model/told";
import { RefusalNotice } from "../../panels/RefusalNotice";
import { ask } from "../../store/session";
import { makeOnRun } from "./making";
import css from "./start.module.css";
import { sourceName } from "./words";

type Props = { project: string; template: TemplateCard; onClose: () => void };

/** Choose one of the project's finished runs as the base of a template. */
export function RunChoice({ project, template, onClose }: Props) {
  const hub = useQuery(ask.hub(project));
  const make = useMutation({ mutationFn: (run: string) => makeOnRun(project, template, run), onSuccess: onClose });
  const runs = hub.data?.runs.filter((run) => run.status === "finished" || run.status === "stopped");
  return (
    <Modal isOpen title={template.title} description="What the run has learned becomes the base of a new flow." onClose={onClose}>
      {hub.error ? <RefusalNotice error={hub.error} onRetry={() => void hub.refetch()} /> : null}
      {make.error ? <RefusalNotice error={make.error} /> : null}
      {runs === undefined ? <Busy what="Looking for finished runs…" /> : null}
      {runs?.length === 0 ? (
        <Empty title="No finished run yet">
          <p>Run any flow of this project to its end; then it can be a base. “A new head on a frozen base” runs at once.</p>
        </Empty>
      ) : null}
      <ul className={css.choices}>
        {runs?.map((run) => (
          <li key={run.id}>
            <Button className={css.choice ?? ""} whyNot={make.isPending ? "It is being made." : null} onClick={() => make.mutate(run.id)}>
              <strong>{run.name ?? run.id}</strong>
              <span>{run.source ? sourceName(run.source) : ""}</span>
              <span>{run.score && run.score_name ? `${scoreWords(run.score_name)} ${showScore(run.score_name, run.score.value)}` : ""}</span>
              <small>{formatWhen(run.created)}</small>
            </Button>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
