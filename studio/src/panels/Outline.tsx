import { type FocusEvent, type KeyboardEvent, useMemo, useRef, useState } from "react";

import { groupNodeId } from "../canvas/measures";
import { deleteActing, toggleBypass } from "../canvas/acts";
import { edgeKey, endKey, removeEdges } from "../model/edits";
import { type OutlineRow, outlineRows, treeMove } from "../model/outline";
import { edit, useDoc } from "../store/doc";
import { useToasts } from "../store/toast";
import { useView } from "../store/view";
import { OutlineItem } from "./left/OutlineItem";
import { inspectNode } from "./left/inspect";
import css from "./left/left.module.css";

/** The flow as a tree: the canvas's twin, for the keyboard and for screen readers. */
export function Outline() {
  const flow = useDoc((state) => state.flow);
  const selection = useView((state) => state.selection);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [here, setHere] = useState<string>("");
  const [renaming, setRenaming] = useState<string | null>(null);
  const tree = useRef<HTMLUListElement>(null);
  const rows = useMemo(() => outlineRows(flow, closed), [flow, closed]);
  const stop = rows.some((row) => row.key === here) ? here : (rows[0]?.key ?? "");

  const focus = (key: string) => {
    setHere(key);
    requestAnimationFrame(() => tree.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`)?.focus());
  };
  const fold = (key: string, isClosed: boolean) => {
    const next = new Set(closed);
    if (isClosed) next.add(key);
    else next.delete(key);
    setClosed(next);
  };
  const act = (row: OutlineRow, event: KeyboardEvent) => {
    const index = rows.indexOf(row);
    switch (event.key) {
      case "Enter":
        if (row.kind === "node") inspectNode(row.node.id);
        else choose(row);
        return true;
      case " ":
        choose(row, event.ctrlKey || event.metaKey);
        return true;
      case "F2":
        if (row.kind !== "wire") setRenaming(row.key);
        return true;
      case "Delete":
      case "Backspace":
        remove(row);
        focus(rows[index + 1]?.key ?? rows[index - 1]?.key ?? "");
        return true;
      case "m":
      case "M":
        if (row.kind === "node") toggleBypass([row.node.id]);
        return row.kind === "node";
      default:
        return false;
    }
  };
  const keys = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target instanceof HTMLInputElement) return;
    const row = rows.find((item) => item.key === stop);
    if (!row || event.altKey) return;
    const move = treeMove(rows, row.key, event.key, closed);
    if (move && "go" in move) focus(move.go);
    else if (move && "open" in move) fold(move.open, false);
    else if (move && "close" in move) fold(move.close, true);
    else if (!act(row, event)) return;
    event.preventDefault();
  };

  const follow = (event: FocusEvent<HTMLElement>) => setHere(event.target.closest<HTMLElement>("[data-row]")?.dataset["row"] ?? "");

  if (rows.length === 0) return <p className={css.note}>The flow is empty. Add a component from the list beside this one.</p>;
  return (
    <ul ref={tree} role="tree" aria-label="Outline of the flow" aria-multiselectable className={css.tree} onKeyDown={keys} onFocus={follow}>
      {rows.map((row) => (
        <OutlineItem
          key={row.key}
          row={row}
          isStop={row.key === stop}
          isSelected={selection.includes(idOf(row))}
          isClosed={closed.has(row.key)}
          isRenaming={renaming === row.key}
          onChoose={(more) => {
            setHere(row.key);
            choose(row, more);
          }}
          onFold={() => fold(row.key, !closed.has(row.key))}
          onRename={() => setRenaming(row.key)}
          onRenamed={() => {
            setRenaming(null);
            focus(row.key);
          }}
          onRemove={() => remove(row)}
        />
      ))}
    </ul>
  );
}

const idOf = (row: OutlineRow): string =>
  row.kind === "node" ? row.node.id : row.kind === "group" ? groupNodeId(row.group.id) : edgeKey(row.edge);

/** Select what a row stands for; nodes are brought into sight on the canvas. */
function choose(row: OutlineRow, more = false): void {
  const { selection, select, focusNode } = useView.getState();
  const id = idOf(row);
  if (more) select(selection.includes(id) ? selection.filter((other) => other !== id) : [...selection, id]);
  else if (row.kind === "node") focusNode(row.node.id);
  else select([id]);
}

function remove(row: OutlineRow): void {
  if (row.kind === "wire") {
    const label = `Disconnect ${endKey(row.edge.source)} from ${endKey(row.edge.target)}`;
    edit(label, (flow) => removeEdges(flow, [edgeKey(row.edge)]));
    useToasts.getState().announce(`${label}: done.`);
    return;
  }
  useView.getState().select([idOf(row)]);
  deleteActing();
}
