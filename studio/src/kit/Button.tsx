import type { ButtonHTMLAttributes, ReactNode } from "react";

import css from "./kit.module.css";
import { Tip } from "./Tip";

type Props = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> & {
  look?: "plain" | "primary" | "danger" | "ghost";
  /** Why it cannot be done now; the button stays reachable and says so. */
  whyNot?: string | null | undefined;
  tip?: string;
  children: ReactNode;
};

/** A button with words. A button that cannot act says why, to the eye and to a screen reader. */
export function Button({ look = "plain", whyNot, tip, onClick, className, children, ...rest }: Props) {
  const button = (
    <button
      type="button"
      {...rest}
      className={[css.button, look === "plain" ? "" : css[look], className ?? ""].join(" ")}
      aria-disabled={whyNot ? true : undefined}
      onClick={whyNot ? (event) => event.preventDefault() : onClick}
    >
      {children}
    </button>
  );
  const text = whyNot ?? tip;
  return text ? <Tip text={text}>{button}</Tip> : button;
}

type IconProps = Omit<Props, "children" | "tip"> & { label: string; keys?: string; children: ReactNode };

/** A button that is a picture; its name is read aloud and shown as a tip. */
export function IconButton({ label, keys, whyNot, className, children, ...rest }: IconProps) {
  return (
    <Button
      look="ghost"
      {...rest}
      whyNot={whyNot}
      tip={keys ? `${label} (${keys})` : label}
      aria-label={label}
      className={[css.icon, className ?? ""].join(" ")}
    >
      {children}
    </Button>
  );
}
