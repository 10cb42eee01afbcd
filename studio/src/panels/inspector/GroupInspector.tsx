import type { FlowGroup } from "../../api/types";
import { toggleCollapsed } from "../../canvas/acts";
import { Button } from "../../kit/Button";
import { editGroup, ungroup } from "../../model/edits";
import { formatPlural } from "../../model/format";
import { useCheck } from "../../store/checking";
import { edit } from "../../store/doc";
import { useView } from "../../store/view";
import { CommitText } from "./CommitText";
import css from "./inspector.module.css";

/** A group: its title, what is in it, folded or open. */
export function GroupInspector({ group }: { group: FlowGroup }) {
  const { faces } = useCheck();
  const select = useView((state) => state.select);
  const name = group.title || group.id;
  const dissolve = () => {
    edit(`Dissolve ${name}`, (flow) => ungroup(flow, group.id));
    select(group.nodes);
  };
  return (
    <div className={css.body}>
      <h3>Group of {formatPlural(group.nodes.length, "node")}</h3>
      <CommitText
        label="Title"
        value={group.title}
        placeholder={group.id}
        onCommit={(text) => edit(`Rename ${name} to ${text || group.id}`, (flow) => editGroup(flow, group.id, { title: text }))}
      />
      <div className={css.buttons}>
        <Button onClick={() => toggleCollapsed([group.id])}>{group.is_collapsed ? "Open" : "Collapse"}</Button>
        <Button onClick={dissolve}>Dissolve</Button>
      </div>
      <ul className={css.list} aria-label="Nodes of the group">
        {group.nodes.map((id) => (
          <li key={id} className={css.listItem}>
            <span>
              {faces[id]?.title ?? id} <code>{id}</code>
            </span>
            <Button look="ghost" onClick={() => select([id])} aria-label={`Inspect ${id}`}>
              Inspect
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
