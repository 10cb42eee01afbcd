import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import css from "./kit.module.css";

export type Tone = "plain" | "ok" | "warning" | "error" | "frozen" | "trainable" | "accent";

/** A word with a color; the color never stands alone. */
export function Badge({ tone = "plain", title, children }: { tone?: Tone; title?: string; children: ReactNode }) {
  return (
    <span className={css.badge} data-tone={tone} title={title}>
      {children}
    </span>
  );
}

/** What an empty place will be filled by. */
export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      {icon}
      <h3>{title}</h3>
      {children}
    </div>
  );
}

/** Something is being worked on. */
export function Busy({ what }: { what: string }) {
  return (
    <span role="status" style={{ display: "inline-flex", gap: 8, alignItems: "center", color: "var(--text2)" }}>
      <span className={css.spinner} aria-hidden />
      {what}
    </span>
  );
}

/** A bar of how much is done. */
export function Progress({ share, label }: { share: number; label: string }) {
  const percent = Math.round(100 * Math.min(1, Math.max(0, share)));
  return (
    <div className={css.bar} role="progressbar" aria-label={label} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
      <div className={css.barFill} style={{ width: `${percent}%` }} />
    </div>
  );
}

const ICONS = { error: CircleAlert, warning: TriangleAlert, ok: CircleCheck, info: Info };
const TONES = { error: "--error", warning: "--warning", ok: "--ok", info: "--accent" };

/** A sentence that wants attention, with what can be done about it. */
export function Notice({ tone, children, actions }: { tone: keyof typeof ICONS; children: ReactNode; actions?: ReactNode }) {
  const Icon = ICONS[tone];
  return (
    <div className={css.notice} data-tone={tone} role={tone === "error" ? "alert" : undefined}>
      <Icon size={16} aria-hidden style={{ flex: "none", marginTop: 2, color: `var(${TONES[tone]})` }} />
      <div className={css.noticeText}>{children}</div>
      {actions}
    </div>
  );
}

/** Keys of a shortcut. */
export function Keys({ keys }: { keys: string }) {
  return <kbd className={css.kbd}>{keys}</kbd>;
}
