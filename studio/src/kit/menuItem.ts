import type { ReactNode } from "react";

export type MenuItem = {
  label: string;
  icon?: ReactNode;
  keys?: string;
  onSelect: () => void;
  whyNot?: string | null;
};
