import { type ReactElement, type ReactNode, Suspense } from "react";

import { lazily } from "./lazily";

export type MenuItem = {
  label: string;
  icon?: ReactNode;
  keys?: string;
  onSelect: () => void;
  whyNot?: string | null;
};

const MenuList = lazily(() => import("./MenuList").then((file) => ({ default: file.MenuList })));

/** A menu that opens from a button. The button is there at once, the menu a moment after the page. */
export function Menu({ items, children }: { items: readonly MenuItem[]; children: ReactElement }) {
  return (
    <Suspense fallback={children}>
      <MenuList items={items}>{children}</MenuList>
    </Suspense>
  );
}
