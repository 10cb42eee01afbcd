import { useState } from "react";

/** Text that is being typed; it starts anew whenever what is saved changes, by an undo for instance. */
export function useDraft(saved: string): { text: string; setText: (text: string) => void; restore: () => void } {
  const [draft, setDraft] = useState({ saved, text: saved });
  const isOld = draft.saved !== saved;
  if (isOld) setDraft({ saved, text: saved });
  return {
    text: isOld ? saved : draft.text,
    setText: (text) => setDraft({ saved, text }),
    restore: () => setDraft({ saved, text: saved }),
  };
}
