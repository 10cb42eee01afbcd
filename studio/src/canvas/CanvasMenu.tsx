import { type ReactNode, Suspense, useState } from "react";

import { lazily } from "../kit/lazily";
import { useView } from "../store/view";
import css from "./FlowCanvas.module.css";
import { isGroupId } from "./measures";
import type { MenuKind } from "./PointMenu";
import { setPointer } from "./ui";

const PointMenu = lazily(() => import("./PointMenu").then((file) => ({ default: file.PointMenu })));

type Opened = { kind: MenuKind; at: [number, number] };

/** The menu of what was clicked with the right button, or has the keyboard: the same commands and keys as elsewhere. */
export function CanvasMenu({ children }: { children: ReactNode }) {
  const [opened, setOpened] = useState<Opened | null>(null);
  const open = (event: React.MouseEvent) => {
    const target = event.target as HTMLElement;
    if (target.closest("input, textarea, [contenteditable=true]")) return; // the browser's own menu
    event.preventDefault();
    const id = target.closest<HTMLElement>(".react-flow__node, .react-flow__edge")?.dataset["id"];
    const box = target.getBoundingClientRect();
    const at: [number, number] = event.clientX > 0 ? [event.clientX, event.clientY] : [box.left + 12, box.top + 12];
    setPointer(at);
    const { selection, select } = useView.getState();
    if (id !== undefined && !selection.includes(id)) select([id]);
    setOpened({ kind: id === undefined ? "canvas" : id.includes("→") ? "wire" : isGroupId(id) ? "group" : "node", at });
  };
  return (
    <div className={css.menuPlace} onContextMenu={open}>
      {children}
      <Suspense fallback={null}>{opened ? <PointMenu {...opened} onClose={() => setOpened(null)} /> : null}</Suspense>
    </div>
  );
}
