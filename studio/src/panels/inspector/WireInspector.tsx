import type { FlowEdge } from "../../api/types";
import { Button } from "../../kit/Button";
import { edgeKey, endKey, removeEdges } from "../../model/edits";
import { kindsOf, portOf } from "../../model/wiring";
import { useCheck } from "../../store/checking";
import { edit } from "../../store/doc";
import { useView } from "../../store/view";
import css from "./inspector.module.css";

/** One wire: its ends, what travels on it, and its shape. */
export function WireInspector({ edge }: { edge: FlowEdge }) {
  const { faces, problems } = useCheck();
  const select = useView((state) => state.select);
  const output = portOf(faces, edge.source, "output");
  const input = portOf(faces, edge.target, "input");
  const own = problems.filter((problem) => problem.node === edge.target.node && problem.port === edge.target.port);
  const remove = () => {
    edit(`Disconnect ${endKey(edge.source)} from ${endKey(edge.target)}`, (flow) => removeEdges(flow, [edgeKey(edge)]));
    select([]);
  };
  return (
    <div className={css.body}>
      <h3>Wire</h3>
      <dl className={css.facts}>
        <dt>From</dt>
        <dd>
          <code>{endKey(edge.source)}</code> {output?.help}
        </dd>
        <dt>To</dt>
        <dd>
          <code>{endKey(edge.target)}</code> {input?.help}
        </dd>
        <dt>Carries</dt>
        <dd>{output?.kind ?? "not known"}</dd>
        <dt>Wanted</dt>
        <dd>{input ? kindsOf(input) : "The port is gone."}</dd>
        <dt>Shape</dt>
        <dd className="mono">{output?.shape ?? "not known yet"}</dd>
      </dl>
      {own.map((problem) => (
        <p key={problem.message} style={{ color: "var(--error)" }}>
          {problem.message} {problem.hint}
        </p>
      ))}
      <div className={css.buttons}>
        <Button onClick={() => select([edge.source.node])}>Go to {edge.source.node}</Button>
        <Button onClick={() => select([edge.target.node])}>Go to {edge.target.node}</Button>
        <Button look="danger" onClick={remove}>
          Disconnect
        </Button>
      </div>
    </div>
  );
}
