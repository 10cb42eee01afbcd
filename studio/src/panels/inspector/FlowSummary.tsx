import { formatPlural } from "../../model/format";
import { useCheck } from "../../store/checking";
import { edit, splitKey, useDoc, useOpen } from "../../store/doc";
import { CommitText } from "./CommitText";
import { PlanCard } from "./PlanCard";
import css from "./inspector.module.css";

/** Nothing is selected: the flow as a whole. */
export function FlowSummary() {
  const active = useOpen((state) => state.active);
  const flow = useDoc((state) => state.flow);
  const { problems } = useCheck();
  const errors = problems.filter((problem) => problem.level === "error").length;
  const { title, description } = flow;
  return (
    <div className={css.body}>
      <section className={css.section} aria-label="Flow">
        <h3>Flow</h3>
        <CommitText
          label="Title"
          value={title}
          placeholder="One line for people"
          onCommit={(text) => edit(`Set the title to ${text || "nothing"}`, (now) => ({ ...now, title: text }))}
        />
        <CommitText
          label="Description"
          value={description}
          placeholder="What the flow is for"
          isLong
          onCommit={(text) => edit("Change the description", (now) => ({ ...now, description: text }))}
        />
        <dl className={css.facts}>
          <dt>Name</dt>
          <dd className="mono">{active ? splitKey(active).flow : flow.name}</dd>
          <dt>Size</dt>
          <dd>
            {formatPlural(flow.nodes.length, "node")}, {formatPlural(flow.edges.length, "wire")}
            {flow.groups.length ? `, ${formatPlural(flow.groups.length, "group")}` : ""}
          </dd>
          <dt>Problems</dt>
          <dd>
            {problems.length === 0
              ? "none"
              : [errors ? formatPlural(errors, "error") : "", problems.length > errors ? formatPlural(problems.length - errors, "warning") : ""]
                  .filter(Boolean)
                  .join(", ")}
          </dd>
        </dl>
      </section>
      <PlanCard />
      <p className={css.text}>Select a node to see and change its settings.</p>
    </div>
  );
}
