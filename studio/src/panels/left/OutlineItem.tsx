import { ChevronDown, ChevronRight, Group, Spline } from "lucide-react";
import { type KeyboardEvent, useState } from "react";

import { rename } from "../../canvas/acts";
import { groupNodeId } from "../../canvas/measures";
import { componentTile } from "../../kit/icons";
import { Badge } from "../../kit/small";
import { endKey } from "../../model/edits";
import type { OutlineRow } from "../../model/outline";
import { useCheck } from "../../store/checking";
import { useNodeStatus } from "../../store/previews";
import { OutlineMenu } from "./OutlineMenu";
import css from "./left.module.css";

export type ItemProps = {
  row: OutlineRow;
  isStop: boolean;
  isSelected: boolean;
  isClosed: boolean;
  isRenaming: boolean;
  onChoose: (more: boolean) => void;
  onFold: () => void;
  onRename: () => void;
  onRenamed: () => void;
  onRemove: () => void;
};

/** A row of the outline: a group, a node or a wire that comes in. */
export function OutlineItem(props: ItemProps) {
  const { row, isStop, isSelected, isClosed, isRenaming, onChoose, onFold } = props;
  return (
    <li
      role="treeitem"
      data-row={row.key}
      tabIndex={isStop ? 0 : -1}
      aria-level={row.level}
      aria-selected={isSelected}
      aria-expanded={row.hasChildren ? !isClosed : undefined}
      className={css.row}
      style={{ paddingLeft: 4 + (row.level - 1) * 16 }}
      onClick={(event) => onChoose(event.ctrlKey || event.metaKey || event.shiftKey)}
      onDoubleClick={() => (row.kind === "wire" ? undefined : props.onRename())}
    >
      <span
        className={css.fold}
        aria-hidden
        onClick={(event) => {
          event.stopPropagation();
          if (row.hasChildren) onFold();
        }}
      >
        {row.hasChildren ? isClosed ? <ChevronRight size={14} /> : <ChevronDown size={14} /> : null}
      </span>
      {isRenaming && row.kind !== "wire" ? <Rename {...props} /> : <Words row={row} />}
      {isRenaming ? null : <OutlineMenu {...props} />}
    </li>
  );
}

function Words({ row }: { row: OutlineRow }) {
  if (row.kind === "wire") {
    return (
      <>
        <Spline size={13} aria-hidden style={{ flex: "none", color: "var(--text3)" }} />
        <span className={[css.label, css.wire].join(" ")} title={`${endKey(row.edge.source)} feeds ${row.edge.target.port}`}>
          {row.edge.target.port} ← {endKey(row.edge.source)}
        </span>
      </>
    );
  }
  if (row.kind === "group") {
    return (
      <>
        <Group size={15} aria-hidden style={{ flex: "none", color: "var(--text2)" }} />
        <span className={css.label}>{row.group.title || row.group.id}</span>
        <span className={css.status}>{row.group.nodes.length} nodes</span>
      </>
    );
  }
  return <NodeWords id={row.node.id} component={row.node.component} isOff={row.node.is_bypassed} />;
}

function NodeWords({ id, component, isOff }: { id: string; component: string; isOff: boolean }) {
  const { faces, problems } = useCheck();
  const status = useNodeStatus(id);
  const face = faces[id];
  const own = problems.filter((problem) => problem.node === id);
  const errors = own.filter((problem) => problem.level === "error").length;
  return (
    <>
      {componentTile(face?.group, component, 20)}
      <span className={[css.label, isOff ? css.off : ""].join(" ")} title={id}>
        {face?.title ?? id}
      </span>
      {errors ? <Badge tone="error">{errors === 1 ? "1 error" : `${errors} errors`}</Badge> : null}
      {own.length > errors ? <Badge tone="warning">{own.length - errors === 1 ? "1 warning" : `${own.length - errors} warnings`}</Badge> : null}
      {isOff ? <span className={css.status}>bypassed</span> : own.length === 0 ? <span className={css.status}>{status.text}</span> : null}
    </>
  );
}

function Rename({ row, onRenamed }: ItemProps) {
  const before = row.kind === "node" ? row.node.title : row.kind === "group" ? row.group.title : "";
  const id = row.kind === "node" ? row.node.id : row.kind === "group" ? groupNodeId(row.group.id) : "";
  const [text, setText] = useState(before);
  const finish = (isTaken: boolean) => {
    if (isTaken && text.trim() !== before) rename(id, text);
    onRenamed();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter") finish(true);
    if (event.key === "Escape") {
      event.stopPropagation();
      finish(false);
    }
  };
  return (
    <input
      className={css.rename}
      aria-label="New title"
      autoFocus
      value={text}
      placeholder={row.kind === "node" ? row.node.component : ""}
      onFocus={(event) => event.target.select()}
      onClick={(event) => event.stopPropagation()}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={keys}
      onBlur={() => finish(true)}
    />
  );
}
