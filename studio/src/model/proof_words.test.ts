import { describe, expect, it } from "vitest";

import type { Controls, Proof } from "../api/types";
import { gainWithInterval, points, proofHolds, proofSentence } from "./proof_words";

const proof: Proof = {
  frozen_tensors: 3,
  frozen_values: 2231360,
  frozen_digest_before: "a",
  frozen_digest_after: "a",
  frozen_unchanged: true,
  changed_frozen: [],
  trainable_tensors: 2,
  trainable_values: 12810,
  moved_tensors: 2,
  unmoved: [],
  not_started: 0,
  weights_digest: "w",
};
const controls = { gain_over_scratch: 31 } as Controls;

describe("the proof in words", () => {
  it("says what stayed, what moved and what transfer gave", () => {
    expect(proofSentence(proof, controls)).toBe(
      "2,231,360 frozen values bit-identical; 12,810 trainable values, all moved; transfer gave +31 points over scratch",
    );
    expect(proofHolds(proof)).toBe(true);
  });

  it("names what broke it", () => {
    const broken = { ...proof, frozen_unchanged: false, changed_frozen: ["stem.bn"], moved_tensors: 1, unmoved: ["head.bias"] };
    expect(proofHolds(broken)).toBe(false);
    expect(proofSentence(broken, undefined)).toContain("1 tensor changed: stem.bn");
    expect(proofSentence(broken, undefined)).toContain("1 tensor did not move: head.bias");
    expect(proofSentence({ ...proof, frozen_values: 0 }, undefined)).toContain("Nothing was frozen");
  });

  it("writes points with a sign", () => {
    expect([31, -4.25, 0, 1].map(points)).toEqual(["+31 points", "−4.3 points", "±0 points", "+1 point"]);
  });
});

describe("gains with intervals", () => {
  it("gives both ends their sign", () => {
    expect(gainWithInterval(31, { value: 0.31, low: 0.22, high: 0.4 })).toBe("+31 points (+22 to +40)");
    expect(gainWithInterval(2, { value: 0.02, low: -0.035, high: 0.075 })).toBe("+2 points (−3.5 to +7.5)");
  });

  it("says the difference alone where predictions are not stored", () => {
    expect(gainWithInterval(-1, null)).toBe("−1 point");
    expect(gainWithInterval(3, { value: 0.03, low: Number.NaN, high: Number.NaN })).toBe("+3 points");
  });
});
