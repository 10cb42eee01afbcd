import { componentTile } from "../../kit/icons";
import { Button } from "../../kit/Button";
import { formatPlural } from "../../model/format";
import { deleteActing, duplicate, groupActing, toggleBypass } from "../../canvas/acts";
import { useCheck } from "../../store/checking";
import { useDoc } from "../../store/doc";
import { useView } from "../../store/view";
import css from "./inspector.module.css";

/** Several nodes or wires are selected: what can be done to all of them. */
export function ManyInspector({ nodes, numWires }: { nodes: readonly string[]; numWires: number }) {
  const flow = useDoc((state) => state.flow);
  const { faces } = useCheck();
  const select = useView((state) => state.select);
  const able = nodes.filter((id) => faces[id] && !faces[id].why_not_bypassed);
  const isOn = flow.nodes.some((node) => able.includes(node.id) && !node.is_bypassed);
  const whyNoNodes = nodes.length ? null : "Only wires are selected.";
  const parts = [nodes.length ? formatPlural(nodes.length, "node") : "", numWires ? formatPlural(numWires, "wire") : ""];
  return (
    <div className={css.body}>
      <h3>{parts.filter(Boolean).join(" and ")} selected</h3>
      <div className={css.buttons}>
        <Button
          onClick={() => toggleBypass(nodes)}
          whyNot={whyNoNodes ?? (able.length ? null : "None of them can be bypassed: what comes in is not what goes out.")}
        >
          {isOn || able.length === 0 ? "Bypass" : "Use again"}
        </Button>
        <Button onClick={groupActing} whyNot={whyNoNodes}>
          Group
        </Button>
        <Button onClick={duplicate} whyNot={whyNoNodes}>
          Duplicate
        </Button>
        <Button look="danger" onClick={deleteActing}>
          Delete
        </Button>
      </div>
      <ul className={css.list} aria-label="Selected nodes">
        {nodes.map((id) => (
          <li key={id} className={css.listItem}>
            {componentTile(faces[id]?.group, faces[id]?.component, 22)}
            <span>
              {faces[id]?.title ?? id} <code>{id}</code>
            </span>
            <Button look="ghost" onClick={() => select([id])} aria-label={`Inspect only ${id}`}>
              Inspect
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
