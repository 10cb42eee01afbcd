import { type ReactElement, Suspense } from "react";

import { lazily } from "./lazily";
import type { MenuItem } from "./menuItem";

const MenuList = lazily(() => import("./MenuList").then((file) => ({ default: file.MenuList })));

/** A menu that opens from a button. The button is there at once, the menu a moment after the page. */
export function Menu({ items, children }: { items: readonly MenuItem[]; children: ReactElement }) {
  return (
    <Suspense fallback={children}>
      <MenuList items={items}>{children}</MenuList>
    </Suspense>
  );
}
