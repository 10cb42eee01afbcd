import { useMutation } from "@tanstack/react-query";
import { FolderKanban, Plus, X } from "lucide-react";

import { api, must } from "../../api/client";
import type { ProjectCard } from "../../api/types";
import { Button, IconButton } from "../../kit/Button";
import { Badge, Empty } from "../../kit/small";
import { formatPlural, formatWhen } from "../../model/format";
import { useRoute } from "../../store/route";
import { queries } from "../../store/session";
import { say, sayError } from "../../store/toast";
import css from "./start.module.css";

type Props = { projects: readonly ProjectCard[]; current: string | null; onNew: () => void };

/** Projects opened lately. */
export function RecentProjects({ projects, current, onNew }: Props) {
  return (
    <section className={css.recent} aria-labelledby="recent">
      <div className={css.sectionHead}>
        <h2 id="recent">Recent projects</h2>
        <Button onClick={onNew}>
          <Plus size={14} aria-hidden /> Open or make a project…
        </Button>
      </div>
      {projects.length === 0 ? (
        <Empty icon={<FolderKanban size={22} aria-hidden />} title="No project yet">
          <p>A project keeps your flows and runs in one folder. One is made with your first flow.</p>
        </Empty>
      ) : (
        <ul className={css.projects}>
          {projects.map((card) => (
            <Project key={card.id} card={card} isCurrent={card.id === current} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Project({ card, isCurrent }: { card: ProjectCard; isCurrent: boolean }) {
  const go = useRoute((state) => state.go);
  const forget = useMutation({
    mutationFn: () => must(api.DELETE("/api/projects/{project}", { params: { path: { project: card.id } } })),
    onError: sayError,
    onSettled: () => void queries.invalidateQueries({ queryKey: ["app"] }),
    onSuccess: () => say(`Took ${card.name} off the list; its folder stays`, { action: { label: "Put back", run: () => void again(card) } }),
  });
  return (
    <li className={css.project}>
      <button type="button" className={css.projectOpen} onClick={() => go({ page: "hub", project: card.id })}>
        <FolderKanban size={16} aria-hidden />
        <span>
          <strong>
            {card.name} {isCurrent ? <Badge tone="accent">current</Badge> : null}
          </strong>
          <code title={card.path}>{card.path}</code>
        </span>
        <small>
          {formatPlural(card.num_flows, "flow")}, {formatPlural(card.num_runs, "run")}
          <br />
          {card.opened === null ? "" : formatWhen(card.opened)}
        </small>
      </button>
      <IconButton
        label={`Forget ${card.name}`}
        whyNot={isCurrent ? "The studio was started on this project." : null}
        onClick={() => forget.mutate()}
      >
        <X size={14} />
      </IconButton>
    </li>
  );
}

async function again(card: ProjectCard): Promise<void> {
  try {
    await must(api.POST("/api/projects", { body: { path: card.path, create: false } }));
    void queries.invalidateQueries({ queryKey: ["app"] });
  } catch (error) {
    sayError(error);
  }
}
