import { X } from "lucide-react";
import { useEffect } from "react";

import { Button, IconButton } from "../kit/Button";
import { type Toast, useToasts } from "../store/toast";
import css from "./App.module.css";

/** Short messages at the top of the page, read aloud as they come. */
export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  const said = useToasts((state) => state.said);
  return (
    <>
      <div className="sr-only" aria-live="polite">
        {said}
      </div>
      <div className={css.toasts}>
        {toasts.map((toast) => (
          <OneToast key={toast.id} toast={toast} />
        ))}
      </div>
    </>
  );
}

function OneToast({ toast }: { toast: Toast }) {
  const dismiss = useToasts((state) => state.dismiss);
  const { action } = toast;
  useEffect(() => {
    const timer = window.setTimeout(() => dismiss(toast.id), toast.tone === "error" || action ? 12_000 : 3_500);
    return () => window.clearTimeout(timer);
  }, [toast.id, toast.tone, action, dismiss]);
  return (
    <div className={css.toast} data-tone={toast.tone} role={toast.tone === "error" ? "alert" : undefined}>
      <div>
        {toast.text}
        {toast.hint ? <div className={css.toastHint}>{toast.hint}</div> : null}
      </div>
      {action ? (
        <Button
          onClick={() => {
            dismiss(toast.id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      ) : null}
      <IconButton label="Dismiss" onClick={() => dismiss(toast.id)}>
        <X size={14} />
      </IconButton>
    </div>
  );
}
