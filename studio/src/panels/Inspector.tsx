import { groupOfId, isGroupId } from "../canvas/measures";
import { edgeKey } from "../model/edits";
import { useDoc } from "../store/doc";
import { useView } from "../store/view";
import { FlowSummary } from "./inspector/FlowSummary";
import { GroupInspector } from "./inspector/GroupInspector";
import { ManyInspector } from "./inspector/ManyInspector";
import { NodeInspector } from "./inspector/NodeInspector";
import { WireInspector } from "./inspector/WireInspector";
import css from "./inspector/inspector.module.css";

/** What is selected, and everything that can be changed of it. */
export function Inspector() {
  return (
    <div className={css.inspector}>
      <Chosen />
    </div>
  );
}

function Chosen() {
  const flow = useDoc((state) => state.flow);
  const selection = useView((state) => state.selection);
  const nodes = flow.nodes.filter((node) => selection.includes(node.id));
  const wires = flow.edges.filter((edge) => selection.includes(edgeKey(edge)));
  const groups = flow.groups.filter((group) => selection.some((id) => isGroupId(id) && groupOfId(id) === group.id));
  const [node] = nodes;
  const [wire] = wires;
  const [group] = groups;
  if (nodes.length + wires.length + groups.length === 0) return <FlowSummary />;
  if (node && nodes.length === 1 && groups.length === 0) return <NodeInspector key={node.id} node={node} />;
  if (group && groups.length === 1 && nodes.length === 0) return <GroupInspector key={group.id} group={group} />;
  if (wire && wires.length === 1 && nodes.length + groups.length === 0) return <WireInspector edge={wire} />;
  const inside = groups.flatMap((item) => item.nodes);
  return <ManyInspector nodes={[...new Set([...nodes.map((item) => item.id), ...inside])]} numWires={wires.length} />;
}
