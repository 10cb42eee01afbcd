import { useEffect } from "react";

import { useView } from "../store/view";

/** Put the chosen theme on the page; "system" follows the system, also when it changes. */
export function useTheme(): void {
  const theme = useView((state) => state.theme);
  useEffect(() => {
    const system = window.matchMedia("(prefers-color-scheme: light)");
    const apply = () => {
      document.documentElement.dataset["theme"] = theme === "system" ? (system.matches ? "light" : "dark") : theme;
    };
    apply();
    system.addEventListener("change", apply);
    return () => system.removeEventListener("change", apply);
  }, [theme]);
}
