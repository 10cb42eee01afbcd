import { type RefObject, useEffect } from "react";

import { useView } from "../../store/view";

/** For how long a jump is still meant for a form that opens because of it. */
const LASTS_MS = 2500;

/** Bring the keyboard to the setting that a problem or a search named. The recipe is the node of no name. */
export function useFocusedSetting(root: RefObject<HTMLElement | null>, node: string): void {
  const focus = useView((state) => state.focus);
  useEffect(() => {
    if (focus?.node !== node || !focus.setting || Date.now() - focus.at > LASTS_MS) return;
    const name = focus.setting.split(".")[0] ?? "";
    const row = root.current?.querySelector<HTMLElement>(`[data-setting="${CSS.escape(name)}"]`);
    row?.closest("details")?.setAttribute("open", "");
    row?.scrollIntoView({ block: "nearest" });
    row?.querySelector<HTMLElement>("input:not([type=range]), select, textarea, button")?.focus();
  }, [focus, node, root]);
}

/** Go to a setting of the recipe. */
export function focusRecipe(setting: string): void {
  useView.setState({ left: "recipe", focus: { node: "", setting, line: null, at: Date.now() } });
}
