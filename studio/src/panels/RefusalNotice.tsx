import { useMutation, useQueryClient } from "@tanstack/react-query";

import { Refusal, api, must } from "../api/client";
import { Button } from "../kit/Button";
import { Notice } from "../kit/small";

type Props = { error: Error; onRetry?: () => void; retryWords?: string };

/** Why the server said no, with what can be done about it: open the folder, or try again. */
export function RefusalNotice({ error, onRetry, retryWords = "Try again" }: Props) {
  const client = useQueryClient();
  const refusal = error instanceof Refusal ? error : null;
  const path = refusal?.kind === "NotOpened" ? String(refusal.body.fields?.["path"] ?? "") : "";
  const open = useMutation({
    mutationFn: () => openRoot(path),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["app"] });
      void client.invalidateQueries({ predicate: (query) => query.state.status === "error" });
      onRetry?.();
    },
  });
  return (
    <Notice
      tone="error"
      actions={
        path ? (
          <Button look="primary" onClick={() => open.mutate()} whyNot={open.isPending ? "It is being opened." : null}>
            Open this folder
          </Button>
        ) : onRetry ? (
          <Button onClick={onRetry}>{retryWords}</Button>
        ) : undefined
      }
    >
      <strong>{error.message}</strong>
      {refusal?.hint && !error.message.endsWith(refusal.hint) ? <div>{refusal.hint}</div> : null}
      {path ? <div>Only folders that you opened are read; nothing in them is changed.</div> : null}
      {open.error ? <div>{open.error.message}</div> : null}
    </Notice>
  );
}

/** Open a folder, or the one that a file lies in. */
async function openRoot(path: string): Promise<void> {
  try {
    await must(api.POST("/api/roots", { body: { path } }));
  } catch (error) {
    const above = path.replace(/[\\/][^\\/]*$/, "");
    if (!above || above === path) throw error;
    await must(api.POST("/api/roots", { body: { path: above } }));
  }
}
