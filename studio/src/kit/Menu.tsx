import { DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";

import css from "./kit.module.css";

export type MenuItem = {
  label: string;
  icon?: ReactNode;
  keys?: string;
  onSelect: () => void;
  whyNot?: string | null;
};

/** A menu that opens from a button. */
export function Menu({ items, children }: { items: readonly MenuItem[]; children: ReactElement }) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={css.menu} sideOffset={4} collisionPadding={8}>
          {items.map((item) => (
            <DropdownMenu.Item
              key={item.label}
              className={css.menuItem}
              disabled={Boolean(item.whyNot)}
              title={item.whyNot ?? undefined}
              onSelect={item.onSelect}
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
