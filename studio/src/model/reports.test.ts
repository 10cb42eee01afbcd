import { describe, expect, it } from "vitest";

import { comparisonAddress, reportAddress, whyNoComparison } from "./reports";

describe("addresses of reports", () => {
  it("quotes what stands in them", () => {
    expect(reportAddress("p 1", "a/b")).toBe("/api/projects/p%201/runs/a%2Fb/report");
  });
  it("names all runs, in order", () => {
    const address = comparisonAddress("p", ["b&c", "a"]);
    const query = new URL(address, "http://localhost").searchParams;
    expect(address.startsWith("/api/projects/p/comparison-report?")).toBe(true);
    expect(query.getAll("run")).toEqual(["b&c", "a"]);
  });
});

describe("runs side by side", () => {
  it("wants two that have ended", () => {
    expect(whyNoComparison(["finished"])).toMatch(/two runs/);
    expect(whyNoComparison(["finished", "running"])).toMatch(/have ended/);
    expect(whyNoComparison(["finished", "stopped", "failed"])).toBeNull();
  });
});
