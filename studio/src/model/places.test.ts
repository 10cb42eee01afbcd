import { describe, expect, it } from "vitest";

import type { PlaceRow } from "../api/types";
import { overlapWords, panelsOf, placesWords, rangeWords } from "./places";

const row: PlaceRow = {
  key: "a.png",
  digest: "0",
  label: null,
  overlap: 0.5,
  wrong_share: 0.125,
  classes: [
    { name: "0", iou: 0.9, label_share: 0.8, said_share: 0.7 },
    { name: "1", iou: null, label_share: 0, said_share: 0 },
  ],
  score: null,
  peak: null,
  pictures: { image: "i", said: "s", label: "l", wrong: "w" },
  problem: null,
};

describe("panels", () => {
  it("shows prediction, label and disagreement of masks", () => {
    expect(panelsOf("mask", row).map((panel) => panel.layer)).toEqual(["said", "label", "wrong"]);
  });
  it("shows a label beside a heat map only where masks tell it", () => {
    const pictures = { image: "i", heat: "h" };
    expect(panelsOf("heat", { ...row, pictures }).map((panel) => panel.layer)).toEqual([null, "heat"]);
    expect(panelsOf("heat", { ...row, pictures: { ...pictures, label: "l" } })).toHaveLength(3);
  });
  it("shows nothing that is not there", () => {
    expect(panelsOf("mask", { ...row, pictures: {} })).toEqual([]);
  });
});

describe("words", () => {
  it("says how a mask was met", () => {
    expect(placesWords({ kind: "mask", threshold: null }, row)).toBe("IoU 0.5 · 12.5 % of the pixels wrong");
    expect(placesWords({ kind: "mask", threshold: null }, { ...row, overlap: null, wrong_share: null })).toBe("IoU: no pixel counts");
  });
  it("says odd from the threshold on, and nothing without one", () => {
    const odd = { ...row, score: 3, label: "scratch" };
    expect(placesWords({ kind: "heat", threshold: 3 }, odd)).toBe("score 3 · odd · label scratch");
    expect(placesWords({ kind: "heat", threshold: 3.1 }, odd)).toContain("normal");
    expect(placesWords({ kind: "heat", threshold: null }, { ...odd, label: null })).toBe("score 3");
  });
  it("names only classes that occur", () => {
    expect(overlapWords(row)).toBe("0: 0.9");
  });
  it("says which images a page shows", () => {
    expect(rangeWords(12, 12, 36)).toBe("13 to 24 of 36");
    expect(rangeWords(0, 0, 0)).toBe("none of 0");
  });
});
