import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import type { ReactNode } from "react";

import { IconButton } from "./Button";
import css from "./kit.module.css";

type Props = {
  title: string;
  description?: string;
  isOpen: boolean;
  onClose: () => void;
  isWide?: boolean;
  children: ReactNode;
};

/** A dialog over the page; Escape and a click outside close it. */
export function Modal({ title, description, isOpen, onClose, isWide = false, children }: Props) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className={css.overlay} />
        <Dialog.Content
          className={[css.dialog, isWide ? css.wide : ""].join(" ")}
          onOpenAutoFocus={focusFirst}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <div className={css.dialogHead}>
            <div>
              <Dialog.Title asChild>
                <h2>{title}</h2>
              </Dialog.Title>
              {description ? <Dialog.Description className={css.help}>{description}</Dialog.Description> : null}
            </div>
            <IconButton label="Close" onClick={onClose}>
              <X size={16} />
            </IconButton>
          </div>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Put the focus into the first field, not on the button that closes; without fields on the dialog itself. */
function focusFirst(event: Event): void {
  event.preventDefault();
  const dialog = event.currentTarget as HTMLElement;
  const field = dialog.querySelector<HTMLElement>("[data-autofocus], input:not([type=hidden]), select, textarea");
  (field ?? dialog).focus();
}
