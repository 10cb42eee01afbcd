import { useSyncExternalStore } from "react";

/** Return the value of a token of tokens.css as it is now. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Rises when the page changes between dark and light, so that canvases are drawn anew. */
export function useThemeName(): string {
  return useSyncExternalStore(subscribe, () => document.documentElement.dataset["theme"] ?? "");
}

function subscribe(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}

/** Tokens for lines that mean no more than "another one", told apart by their dashes too. */
export const LINE_TOKENS = [
  "--accent",
  "--trainable",
  "--port-image",
  "--port-metric",
  "--port-features",
  "--ok",
  "--port-labels",
  "--error",
] as const;

/** Return the look of line number `index` of many. */
export function lineLook(index: number): { color: string; dash: number[] } {
  const color = LINE_TOKENS[index % LINE_TOKENS.length] ?? "--accent";
  const rounds = [[], [6, 4], [2, 3], [10, 3, 2, 3]];
  return { color, dash: rounds[Math.floor(index / LINE_TOKENS.length) % rounds.length] ?? [] };
}
