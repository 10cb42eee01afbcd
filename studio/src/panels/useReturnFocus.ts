import { useEffect, useState } from "react";

/** When the component goes, the focus goes back to where it was as it came. For dialogs that place the focus themselves. */
export function useReturnFocus(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // After the dialog has done its own: it gives the focus back a moment later.
      window.setTimeout(() => {
        const isLost = document.activeElement === null || document.activeElement === document.body;
        if (isLost && before instanceof HTMLElement && before.isConnected) before.focus();
      }, 20);
    },
    [before],
  );
}
