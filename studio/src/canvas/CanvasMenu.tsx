import { ContextMenu } from "radix-ui";
import { type ReactNode, useState } from "react";

import kit from "../kit/kit.module.css";
import { keysOf, offered, runCommand, titleOf } from "../store/commands";
import { useView } from "../store/view";
import css from "./FlowCanvas.module.css";
import { isGroupId } from "./measures";
import { setPointer } from "./ui";

const MENUS: Record<string, readonly (readonly string[])[]> = {
  node: [
    ["inspect", "rename", "connect"],
    ["cut", "copy", "duplicate", "delete"],
    ["bypass", "group", "ungroup", "collapse"],
    ["fit-selection"],
  ],
  group: [["rename", "collapse", "ungroup"], ["copy", "duplicate", "delete"], ["fit-selection"]],
  wire: [["inspect", "delete"]],
  canvas: [["add", "paste", "select-all"], ["layout", "fit", "zoom-in", "zoom-out"]],
};

/** The menu of what was clicked with the right button, or has the keyboard: the same commands and keys as elsewhere. */
export function CanvasMenu({ children }: { children: ReactNode }) {
  const [kind, setKind] = useState<keyof typeof MENUS>("canvas");
  const open = (event: React.MouseEvent) => {
    const target = event.target as HTMLElement;
    const id = target.closest<HTMLElement>(".react-flow__node, .react-flow__edge")?.dataset["id"];
    if (event.clientX > 0) setPointer([event.clientX, event.clientY]);
    setKind(id === undefined ? "canvas" : id.includes("→") ? "wire" : isGroupId(id) ? "group" : "node");
    const { selection, select } = useView.getState();
    if (id !== undefined && !selection.includes(id)) select([id]);
  };
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger asChild onContextMenu={open}>
        {children}
      </ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className={kit.menu} collisionPadding={8}>
          <MenuItems kind={kind} />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

function MenuItems({ kind }: { kind: keyof typeof MENUS }) {
  const commands = new Map(offered().map((command) => [command.id, command]));
  return (MENUS[kind] ?? []).map((group, index) => (
    <ContextMenu.Group key={group.join()} className={index > 0 ? css.menuGroup : ""}>
      {group.map((id) => {
        const command = commands.get(id);
        if (!command) return null;
        return (
          <ContextMenu.Item
            key={id}
            className={kit.menuItem}
            disabled={Boolean(command.whyNot)}
            title={command.whyNot ?? undefined}
            onSelect={() => window.setTimeout(() => runCommand(id), 20)}
          >
            {titleOf(command)}
            <span className={kit.menuKeys}>{keysOf(id)}</span>
          </ContextMenu.Item>
        );
      })}
    </ContextMenu.Group>
  ));
}
