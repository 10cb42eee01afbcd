import { DropdownMenu } from "radix-ui";
import { useState } from "react";

import kit from "../kit/kit.module.css";
import { keysOf, offered, runCommand, titleOf } from "../store/commands";
import css from "./FlowCanvas.module.css";

export type MenuKind = "node" | "group" | "wire" | "canvas";

const MENUS: Record<MenuKind, readonly (readonly string[])[]> = {
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

type Props = { kind: MenuKind; at: [number, number]; onClose: () => void };

/** A menu at a place of the page. */
export function PointMenu({ kind, at: [left, top], onClose }: Props) {
  const [before] = useState(() => document.activeElement);
  const back = (event: Event) => {
    event.preventDefault();
    if (before instanceof HTMLElement || before instanceof SVGElement) before.focus({ preventScroll: true });
  };
  return (
    <DropdownMenu.Root open modal={false} onOpenChange={(isOpen) => (isOpen ? undefined : onClose())}>
      <DropdownMenu.Trigger asChild>
        <span aria-hidden style={{ position: "fixed", left, top, width: 0, height: 0 }} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className={kit.menu}
          align="start"
          collisionPadding={8}
          onCloseAutoFocus={back}
        >
          <MenuItems kind={kind} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function MenuItems({ kind }: { kind: MenuKind }) {
  const commands = new Map(offered().map((command) => [command.id, command]));
  return MENUS[kind].map((group, index) => (
    <DropdownMenu.Group key={group.join()} className={index > 0 ? css.menuGroup : ""}>
      {group.map((id) => {
        const command = commands.get(id);
        if (!command) return null;
        return (
          <DropdownMenu.Item
            key={id}
            className={kit.menuItem}
            disabled={Boolean(command.whyNot)}
            title={command.whyNot ?? undefined}
            onSelect={() => window.setTimeout(() => runCommand(id), 20)}
          >
            {titleOf(command)}
            <span className={kit.menuKeys}>{keysOf(id)}</span>
          </DropdownMenu.Item>
        );
      })}
    </DropdownMenu.Group>
  ));
}
