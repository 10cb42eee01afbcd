/** What facts of a flow depend on: its data, its bases and the seed. */
import type { Flow } from "../api/types";

/** Return a text that changes exactly when the facts of a flow may change. */
export function factsKey(flow: Flow): string {
  const parts = flow.nodes
    .filter((node) => node.component === "images" || node.component === "backbone")
    .map((node) => {
      const { strategy: _s, cut: _c, freeze: _f, unfreeze: _u, batch_norm: _b, ...rest } = node.settings;
      return [node.id, node.component, rest];
    });
  return JSON.stringify([parts, flow.recipe.seed ?? 0]);
}
