import { describe, expect, it } from "vitest";

import type { RunRecord } from "../api/types";
import { hasTab, kindOf } from "./run_tabs";

const TABS = ["overview", "evaluation", "confusion", "predictions", "image", "places", "map", "depth", "drift", "curves"];
const missing = (kind: Parameters<typeof hasTab>[1]) => TABS.filter((tab) => !hasTab(tab, kind));

describe("tabs of a run", () => {
  it("leaves out what does not fit the answers", () => {
    expect(missing("category")).toEqual(["places"]);
    expect(missing("number")).toEqual(["places"]);
    expect(missing("tags")).toEqual(["confusion", "places"]);
    expect(missing("mask")).toEqual(["confusion", "depth"]);
    expect(missing("anomaly")).toEqual(["confusion", "depth", "curves"]);
  });
  it("shows all before there are scores", () => {
    expect(kindOf(null)).toBeNull();
    expect(missing(kindOf({ metrics: {} } as RunRecord))).toEqual([]);
  });
});
