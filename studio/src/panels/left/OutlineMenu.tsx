import { MoreHorizontal } from "lucide-react";

import { toggleBypass, toggleCollapsed, wireUp } from "../../canvas/acts";
import { IconButton } from "../../kit/Button";
import { Menu } from "../../kit/Menu";
import type { MenuItem } from "../../kit/menuItem";
import { endKey, ungroup } from "../../model/edits";
import { possibleWires } from "../../model/wiring";
import { useCheck } from "../../store/checking";
import { edit, useDoc } from "../../store/doc";
import { useView } from "../../store/view";
import type { ItemProps } from "./OutlineItem";
import { inspectNode } from "./inspect";
import css from "./left.module.css";

const MOST_WIRES = 12;

/** What can be done to a row, as a menu: the same as its keys, and connecting. */
export function OutlineMenu(props: ItemProps) {
  const items = useItems(props);
  const { row, isStop } = props;
  const name = row.kind === "wire" ? `the wire into ${endKey(row.edge.target)}` : row.kind === "node" ? row.node.id : row.group.title || row.group.id;
  return (
    <span onClick={(event) => event.stopPropagation()} onKeyDown={(event) => event.stopPropagation()}>
      <Menu items={items}>
        <IconButton label={`Actions for ${name}`} className={css.more ?? ""} tabIndex={isStop ? 0 : -1}>
          <MoreHorizontal size={14} />
        </IconButton>
      </Menu>
    </span>
  );
}

function useItems({ row, onRename, onRemove }: ItemProps): MenuItem[] {
  const flow = useDoc((state) => state.flow);
  const { faces } = useCheck();
  if (row.kind === "wire") {
    return [
      { label: `Go to ${row.edge.source.node}`, onSelect: () => useView.getState().focusNode(row.edge.source.node) },
      { label: "Disconnect", keys: "Delete", onSelect: onRemove },
    ];
  }
  if (row.kind === "group") {
    const { id, is_collapsed: isFolded, title } = row.group;
    return [
      { label: "Rename", keys: "F2", onSelect: onRename },
      { label: isFolded ? "Open on the canvas" : "Collapse on the canvas", onSelect: () => toggleCollapsed([id]) },
      { label: "Dissolve", onSelect: () => edit(`Dissolve ${title || id}`, (now) => ungroup(now, id)) },
      { label: "Delete its nodes", keys: "Delete", onSelect: onRemove },
    ];
  }
  const { node } = row;
  const wires = possibleWires(flow, faces, node.id);
  const whyNot = node.is_bypassed ? null : (faces[node.id]?.why_not_bypassed ?? null);
  return [
    { label: "Inspect", keys: "Enter", onSelect: () => window.setTimeout(() => inspectNode(node.id), 60) },
    { label: "Rename", keys: "F2", onSelect: onRename },
    { label: node.is_bypassed ? "Use again" : "Bypass", keys: "M", onSelect: () => toggleBypass([node.id]), whyNot },
    ...wires.slice(0, MOST_WIRES).map(({ source, target, replaces }) => ({
      label: `Connect ${endKey(source)} → ${endKey(target)}${replaces ? " (instead of its wire)" : ""}`,
      onSelect: () => void wireUp(source, target),
    })),
    ...(wires.length === 0 ? [{ label: "Connect…", whyNot: "No port of another node fits.", onSelect: () => undefined }] : []),
    { label: "Delete", keys: "Delete", onSelect: onRemove },
  ];
}
