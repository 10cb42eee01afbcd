import type { NodeProps } from "@xyflow/react";
import { ChevronDown, ChevronRight } from "lucide-react";
import { memo, useMemo } from "react";

import { IconButton } from "../kit/Button";
import { keysOf } from "../store/commands";
import { useDoc } from "../store/doc";
import { toggleCollapsed } from "./acts";
import css from "./GroupFrame.module.css";
import { groupNodeId } from "./measures";
import { Port } from "./Port";
import { type CanvasNode, useShown } from "./shown";
import { Title } from "./Title";

/** The frame around a group's nodes; dragged by its head, it takes them along. */
export const GroupFrame = memo(function GroupFrame({ data, selected }: NodeProps<CanvasNode>) {
  return (
    <div className={css.frame} data-selected={selected}>
      <GroupHead group={data.id} isCollapsed={false} />
    </div>
  );
});

/** A group as one box, with the ports that wires cross its border at. */
export const CollapsedGroup = memo(function CollapsedGroup({ data, selected }: NodeProps<CanvasNode>) {
  const ports = useBorder(data.id);
  return (
    <div className={css.box} data-selected={selected}>
      <GroupHead group={data.id} isCollapsed />
      <div className={css.sides}>
        {(["input", "output"] as const).map((side) => (
          <div key={side}>
            {ports
              .filter((item) => item.side === side)
              .map(({ node, port, handle }) => (
                <Port key={handle} node={node} port={port} side={side} handle={handle} label={`${node}.${port.name}`} />
              ))}
          </div>
        ))}
      </div>
    </div>
  );
});

function GroupHead({ group, isCollapsed }: { group: string; isCollapsed: boolean }) {
  const found = useDoc((state) => state.flow.groups.find((item) => item.id === group));
  const title = found?.title || group;
  const keys = keysOf("collapse");
  return (
    <header className={`${css.head} frame-head`}>
      <IconButton
        className="nodrag"
        label={isCollapsed ? "Open the group" : "Collapse the group"}
        keys={keys}
        onClick={() => toggleCollapsed([group])}
      >
        {isCollapsed ? <ChevronRight size={14} /> : <ChevronDown size={14} />}
      </IconButton>
      <Title id={groupNodeId(group)} title={title} className={css.title ?? ""} />
      <span className={css.count}>{found?.nodes.length ?? 0} nodes</span>
    </header>
  );
}

/** Return the ports of a group's nodes at which wires cross its border, each once. */
function useBorder(group: string) {
  const members = useDoc((state) => state.flow.groups.find((item) => item.id === group)?.nodes);
  const edges = useDoc((state) => state.flow.edges);
  const looks = useShown((state) => state.looks);
  return useMemo(() => {
    const within = new Set(members);
    const found = new Map<string, { side: "input" | "output"; node: string; name: string; handle: string }>();
    const add = (side: "input" | "output", node: string, name: string) =>
      found.set(`${side} ${node}.${name}`, { side, node, name, handle: `${node}.${name}` });
    for (const { source, target } of edges) {
      if (within.has(source.node) && !within.has(target.node)) add("output", source.node, source.port);
      if (within.has(target.node) && !within.has(source.node)) add("input", target.node, target.port);
    }
    for (const id of within) {
      for (const port of looks[id]?.face?.inputs ?? []) if (!port.is_connected && !port.is_optional) add("input", id, port.name);
      for (const port of looks[id]?.face?.outputs ?? []) if (!port.is_connected) add("output", id, port.name);
    }
    return [...found.values()].flatMap(({ side, node, name, handle }) => {
      const face = looks[node]?.face;
      const port = (side === "input" ? face?.inputs : face?.outputs)?.find((item) => item.name === name);
      return port ? [{ side, node, port, handle }] : [];
    });
  }, [members, edges, looks]);
}
