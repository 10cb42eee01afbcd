import { DropdownMenu } from "radix-ui";
import { type ReactElement, useRef } from "react";

import type { MenuItem } from "./menuItem";
import css from "./kit.module.css";

/** The menu itself. What is chosen is done once the menu is closed, so that a dialog keeps its focus. */
export function MenuList({ items, children }: { items: readonly MenuItem[]; children: ReactElement }) {
  const chosen = useRef<(() => void) | null>(null);
  const act = () => {
    const run = chosen.current;
    chosen.current = null;
    if (run) window.setTimeout(run);
  };
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={css.menu} sideOffset={4} collisionPadding={8} onCloseAutoFocus={act}>
          {items.map((item) => (
            <DropdownMenu.Item
              key={item.label}
              className={css.menuItem}
              disabled={Boolean(item.whyNot)}
              title={item.whyNot ?? undefined}
              onSelect={() => {
                chosen.current = item.onSelect;
              }}
            >
              {item.icon}
              {item.label}
              {item.keys ? <span className={css.menuKeys}>{item.keys}</span> : null}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
