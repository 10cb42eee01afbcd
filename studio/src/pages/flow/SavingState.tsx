import { Check, CloudOff, TriangleAlert } from "lucide-react";

import { Busy } from "../../kit/small";
import { Button } from "../../kit/Button";
import { save, useSaving } from "../../store/saving";
import css from "./FlowPage.module.css";

/** Whether the active flow is on the disk. */
export function SavingState({ flowKey }: { flowKey: string }) {
  const saving = useSaving((state) => state.files[flowKey]);
  if (!saving) return <span className={css.saving} />;
  const { status } = saving;
  const why = "message" in saving ? saving.message : undefined;
  return (
    <span className={css.saving} data-status={status} role="status" title={why}>
      {status === "saved" ? (
        <>
          <Check size={13} aria-hidden /> Saved
        </>
      ) : status === "saving" || status === "unsaved" ? (
        <Busy what="Saving…" />
      ) : status === "offline" ? (
        <>
          <CloudOff size={13} aria-hidden /> Offline: kept here
        </>
      ) : status === "conflict" ? (
        <>
          <TriangleAlert size={13} aria-hidden /> Changed elsewhere
        </>
      ) : (
        <>
          <TriangleAlert size={13} aria-hidden /> Not saved: {why}
          <Button onClick={() => void save(flowKey)}>Try again</Button>
        </>
      )}
    </span>
  );
}
