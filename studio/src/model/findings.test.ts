import { describe, expect, it } from "vitest";

import { alike } from "./findings";

describe("alike", () => {
  it("puts findings of one kind together and keeps the order of kinds", () => {
    const found = alike([{ message: "Copies: a = b." }, { message: "Two labels: a." }, { message: "Copies: c = d." }, { message: "No test images." }]);
    expect(found.map(([what, all]) => [what, all.length])).toEqual([["Copies", 2], ["Two labels", 1], ["No test images.", 1]]);
  });
});
