import { describe, expect, it } from "vitest";

import type { Flow, RunCard } from "../api/types";
import { chosenRuns, differences, show } from "./compare";

const flow = (settings: Record<string, unknown>, recipe: Record<string, unknown>, layout = {}): Flow =>
  ({
    format: 1,
    name: "f",
    title: "",
    description: "",
    nodes: [{ id: "head", component: "head", settings, title: "", is_bypassed: false }],
    edges: [],
    groups: [],
    recipe,
    layout,
  }) as unknown as Flow;

describe("differences", () => {
  it("names each setting and recipe value that differs, and nothing else", () => {
    const a = flow({ dropout: 0.1, hidden: [4] }, { epochs: 5, seed: 0 }, { head: [0, 0] });
    const b = flow({ dropout: 0.2, hidden: [4] }, { epochs: 9, seed: 0 }, { head: [9, 9] });
    expect(differences([a, b])).toEqual([
      { what: "head · dropout", values: ["0.1", "0.2"] },
      { what: "recipe · epochs", values: ["5", "9"] },
    ]);
  });

  it("says what one of them does not have, and is empty for equal flows", () => {
    const a = flow({ dropout: 0.1 }, {});
    expect(differences([a, flow({}, {})])).toEqual([{ what: "head · dropout", values: ["0.1", null] }]);
    expect(differences([a, flow({ dropout: 0.1 }, {})])).toEqual([]);
  });

  it("shows long lists by their number", () => {
    expect(show(["a", "b"])).toBe("a, b");
    expect(show(Array.from({ length: 30 }, String))).toBe("30 entries");
    expect(show(null)).toBe("not set");
    expect(show({ x: 1 })).toBe("x: 1");
  });
});

const run = (id: string, score: number | null, status = "finished"): RunCard =>
  ({ id, name: `run ${id}`, status, score: score === null ? null : { value: score, low: 0, high: 1 }, note: null }) as unknown as RunCard;

describe("chosenRuns", () => {
  const runs = [run("a", 0.5), run("b", null, "failed"), run("c", 0.9)];
  it("sorts by a column; what has no value comes last either way", () => {
    const ids = (isDown: boolean) => chosenRuns(runs, "", "", { by: "score", isDown }).map((one) => one.id);
    expect(ids(true)).toEqual(["c", "a", "b"]);
    expect(ids(false)).toEqual(["a", "c", "b"]);
  });
  it("searches words and filters by status", () => {
    expect(chosenRuns(runs, "run c", "", { by: "name", isDown: false }).map((one) => one.id)).toEqual(["c"]);
    expect(chosenRuns(runs, "", "failed", { by: "name", isDown: false }).map((one) => one.id)).toEqual(["b"]);
  });
});
