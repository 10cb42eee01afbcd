import { describe, expect, it } from "vitest";

import type { SaliencyDocument, StageLook } from "../api/types";
import { changeText, classChoices, completenessText, deadText, describeSaliency, methodText, stageText } from "./one_image";

const SALIENCY: SaliencyDocument = {
  format: 1,
  run: "r",
  image: "a/1.png",
  digest: "d",
  label: [],
  split: "test",
  predicted: "crack",
  of: "crack",
  scores: [
    { name: "crack", score: 2.5, probability: 0.8 },
    { name: "age", score: 31, probability: null },
  ],
  method: "grad_cam",
  stage: "blocks.5",
  grid: [7, 7],
  size: [224, 224],
  heat: "",
  peak: [10, 215],
  is_empty: false,
  completeness: null,
  sanity: null,
  notes: [],
};

const STAGE: StageLook = {
  stage: "blocks.5",
  kind: "maps",
  shape: [64, 7, 7],
  grid: [7, 7],
  num_extra: 0,
  num_channels: 64,
  change: 0,
  sides: { trained: { picture: "p", mean: 0, std: 1, zero_share: 0.5, num_dead: 3 } },
};

describe("saliency in words", () => {
  it("names the method, its stage and how fine it is", () => {
    expect(methodText(SALIENCY)).toBe("Grad-CAM at blocks.5, 7 × 7 places");
    expect(methodText({ ...SALIENCY, method: "integrated_gradients", stage: null })).not.toContain(" at ");
  });
  it("says where the strongest evidence is", () => {
    expect(describeSaliency(SALIENCY)).toContain("top right");
    expect(describeSaliency({ ...SALIENCY, peak: [112, 112] })).toContain("center");
    expect(describeSaliency({ ...SALIENCY, peak: [112, 3] })).toMatch(/at the left$/);
    expect(describeSaliency({ ...SALIENCY, peak: [220, 112] })).toMatch(/at the bottom$/);
    expect(describeSaliency({ ...SALIENCY, is_empty: true })).toContain("nothing speaks for crack");
  });
  it("says what the pixels leave unexplained", () => {
    expect(completenessText(SALIENCY)).toBeNull();
    const text = completenessText({ ...SALIENCY, completeness: { total: 1.9, difference: 2, gap: 0.05, num_steps: 32 } });
    expect(text).toContain("32 steps");
    expect(text).toContain("5");
  });
  it("offers classes with probabilities, numbers with their value", () => {
    expect(classChoices(SALIENCY).map(([name]) => name)).toEqual(["crack", "age"]);
    expect(classChoices(SALIENCY)[0]?.[1]).toContain("80");
    expect(classChoices(SALIENCY)[1]?.[1]).toContain("31");
  });
});

describe("stages in words", () => {
  it("tells unchanged from changed and new", () => {
    expect(changeText(0)).toBe("unchanged");
    expect(changeText(0.25)).toContain("25");
    expect(changeText(null)).toBe("new");
  });
  it("leaves the change out where there is one side", () => {
    expect(stageText(STAGE, true)).toContain("unchanged");
    expect(stageText(STAGE, false)).not.toContain("unchanged");
  });
  it("counts dead channels over images", () => {
    expect(deadText(STAGE, "trained", 9)).toBe("3 of 64 channels dead on 9 images");
    expect(deadText(STAGE, "pretrained", 1)).toBe("no channel dead on 1 image");
  });
});
