import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { useMemo } from "react";

import type { Problem, Proposal } from "../api/types";
import { componentTile } from "../kit/icons";
import { useCheck } from "../store/checking";
import { keysOf } from "../store/commands";
import { useDoc, useOpen } from "../store/doc";
import { usePreviews } from "../store/previews";
import { useView } from "../store/view";
import { dataOrder } from "../model/outline";
import { ApplyAll, ProposalLine } from "./Proposals";
import { focusRecipe } from "./form/useFocusedSetting";
import css from "./Problems.module.css";

/** Everything that is wrong with the flow, by node; each leads to its place. */
export function Problems() {
  const { problems, proposals, faces, digest } = useCheck();
  const flow = useDoc((state) => state.flow);
  const failures = useFailures();
  const places = useMemo(
    () => byNode(dataOrder(flow).map((node) => node.id), [...problems, ...failures], proposals),
    [flow, problems, failures, proposals],
  );
  if (digest === "") return <p className={css.none}>The flow has not been checked yet.</p>;
  if (places.length === 0) {
    return (
      <p className={css.none}>
        <CircleCheck size={16} aria-hidden /> No problems. Run with {keysOf("run")}.
      </p>
    );
  }
  return (
    <div className={css.panel}>
      <ApplyAll proposals={proposals} />
      {places.map(({ node, own, suggested }) => (
        <section key={node ?? ""} className={css.node} aria-label={node ? `Problems of ${node}` : "Problems of the flow"}>
          <h3 className={css.head}>
            {node ? componentTile(faces[node]?.group, faces[node]?.component, 20) : null}
            {node ? (faces[node]?.title ?? node) : "The flow"}
            {node ? <code>{node}</code> : null}
          </h3>
          <ul className={css.list}>
            {own.map((problem, index) => (
              <li key={index}>
                <Line problem={problem} />
              </li>
            ))}
          </ul>
          {suggested.map((proposal) => (
            <ProposalLine key={proposal.setting + proposal.reason} proposal={proposal} showsNode />
          ))}
        </section>
      ))}
    </div>
  );
}

/** Return what failed when it was computed on a few samples; the check, which runs nothing, cannot know it. */
function useFailures(): readonly Problem[] {
  const board = usePreviews((state) => state.boards[useOpen.getState().active ?? ""]);
  return useMemo(
    () =>
      Object.entries(board ?? {}).flatMap(([node, { status, error }]): Problem[] =>
        status === "failed" && error && !error.isProblem
          ? [{ level: "error", node, message: error.message, hint: error.hint, line: error.line, port: null, setting: error.line ? "code" : null }]
          : [],
      ),
    [board],
  );
}

type Place = { node: string | null; own: readonly Problem[]; suggested: readonly Proposal[] };

function byNode(order: readonly string[], problems: readonly Problem[], proposals: readonly Proposal[]): Place[] {
  const mentioned = problems.flatMap(({ node }) => (node ? [node] : []));
  const nodes = [null, ...new Set([...order, ...mentioned])];
  return nodes
    .map((node) => ({
      node,
      own: problems.filter((problem) => (problem.node ?? null) === node),
      suggested: proposals.filter((proposal) => proposal.node === node),
    }))
    .filter(({ own, suggested }) => own.length + suggested.length > 0);
}

function Line({ problem }: { problem: Problem }) {
  const { node, setting, port, line, level, message, hint } = problem;
  const Icon = level === "error" ? CircleAlert : TriangleAlert;
  const place = [setting ? setting.replaceAll("_", " ") : "", port ? `port ${port}` : "", line ? `line ${line}` : ""].filter(Boolean).join(", ");
  const go = () => {
    if (node) useView.getState().focusNode(node, setting, line);
    else if (setting) focusRecipe(setting);
    else useView.getState().select([]);
  };
  return (
    <button type="button" className={css.line} data-level={level} onClick={go}>
      <Icon size={15} aria-hidden />
      <span>
        <span className="sr-only">{level}: </span>
        {place ? <strong>{place}: </strong> : null}
        {message}
        {hint ? <span className={css.hint}> {hint}</span> : null}
      </span>
    </button>
  );
}
