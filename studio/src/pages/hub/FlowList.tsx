import { Copy, FilePen, MoreVertical, Table2, Trash2, TriangleAlert, Workflow } from "lucide-react";
import { useState } from "react";

import type { FlowCard, RunCard } from "../../api/types";
import { Button, IconButton } from "../../kit/Button";
import { Menu } from "../../kit/Menu";
import { Badge, Empty } from "../../kit/small";
import { formatPlural, formatWhen } from "../../model/format";
import { bestScore } from "../../model/hub";
import { scoreInSentence, showScore } from "../../model/told";
import { useRoute } from "../../store/route";
import { sayError } from "../../store/toast";
import { sourceName } from "../start/words";
import { deleteFlow, duplicateFlow, renameFlow } from "./acts";
import { TextDialog } from "./dialogs";
import css from "./hub.module.css";
import { Rows } from "./Rows";

type Props = {
  project: string;
  flows: readonly FlowCard[];
  runs: readonly RunCard[];
  chosen: string | null;
  isSearching: boolean;
  onChoose: (flow: string | null) => void;
  onNew: () => void;
};

/** The flows of a project; one that is chosen narrows the runs. */
export function FlowList({ project, flows, runs, chosen, isSearching, onChoose, onNew }: Props) {
  const [renaming, setRenaming] = useState<string | null>(null);
  return (
    <section className={css.column} aria-labelledby="hub-flows">
      <h2 id="hub-flows">
        Flows <span>{flows.length}</span>
      </h2>
      {flows.length === 0 ? (
        <Empty icon={<Workflow size={20} aria-hidden />} title={isSearching ? "None fits" : "No flow yet"}>
          {isSearching ? null : (
            <>
              <p>A flow says what is learned from which images, and how.</p>
              <Button look="primary" onClick={onNew}>
                Start from a template…
              </Button>
            </>
          )}
        </Empty>
      ) : null}
      <Rows items={flows} keyOf={(item) => item.name} height={104} label="Flows">
        {(flow) => (
          <FlowItem
            project={project}
            flow={flow}
            best={bestScore(runs, flow.name)}
            isChosen={chosen === flow.name}
            onChoose={() => onChoose(chosen === flow.name ? null : flow.name)}
            onRename={() => setRenaming(flow.name)}
          />
        )}
      </Rows>
      {renaming ? (
        <TextDialog
          title={`Rename ${renaming}`}
          label="Name of the flow"
          initial={renaming}
          verb="Rename"
          help="Letters, digits, points, - and _. Runs made under the old name keep it."
          onDone={(next) => renameFlow(project, renaming, next)}
          onClose={() => setRenaming(null)}
        />
      ) : null}
    </section>
  );
}

type ItemProps = {
  project: string;
  flow: FlowCard;
  best: RunCard | null;
  isChosen: boolean;
  onChoose: () => void;
  onRename: () => void;
};

function FlowItem({ project, flow, best, isChosen, onChoose, onRename }: ItemProps) {
  const go = useRoute((state) => state.go);
  const open = () => go({ page: "flow", project, flow: flow.name });
  return (
    <div className={css.item} data-chosen={isChosen || undefined}>
      <button type="button" className={css.card} aria-pressed={isChosen} onClick={onChoose} onDoubleClick={open}>
        {flow.problem ? <TriangleAlert size={15} aria-label="Does not read" data-tone="error" /> : <Workflow size={15} aria-hidden />}
        <span className={css.text}>
          <strong>{flow.name}</strong>
          {flow.problem ? (
            <span className={css.problem} title={flow.problem}>
              {flow.problem}
            </span>
          ) : (
            <>
              {flow.title && flow.title !== flow.name ? <span>{flow.title}</span> : null}
              <code>
                {flow.source ? sourceName(flow.source) : "no images"} → {flow.base ?? "no base"}
              </code>
            </>
          )}
          <small>
            {formatWhen(flow.modified)} · {formatPlural(flow.num_runs, "run")}
            {best?.score && best.score_name ? (
              <>
                {" "}
                · <Badge tone="ok">best {scoreInSentence(best.score_name)} {showScore(best.score_name, best.score.value)}</Badge>
              </>
            ) : null}
          </small>
        </span>
      </button>
      <div className={css.itemActs}>
        <Button onClick={open} aria-label={`Open ${flow.name}`}>
          Open
        </Button>
        <Menu
          items={[
            {
              label: "Data",
              icon: <Table2 size={14} aria-hidden />,
              whyNot: flow.problem ? "The file does not read as a flow." : null,
              onSelect: () => go({ page: "data", project, flow: flow.name }),
            },
            {
              label: "Duplicate",
              icon: <Copy size={14} aria-hidden />,
              whyNot: flow.problem ? "The file does not read as a flow." : null,
              onSelect: () => void duplicateFlow(project, flow.name).catch(sayError),
            },
            { label: "Rename…", icon: <FilePen size={14} aria-hidden />, onSelect: onRename },
            {
              label: "Delete",
              icon: <Trash2 size={14} aria-hidden />,
              onSelect: () => void deleteFlow(project, flow.name).catch(sayError),
            },
          ]}
        >
          <IconButton label={`More for ${flow.name}`}>
            <MoreVertical size={15} />
          </IconButton>
        </Menu>
      </div>
    </div>
  );
}
