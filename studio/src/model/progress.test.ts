import { describe, expect, it } from "vitest";

import type { RunProgress } from "../api/types";
import { isGoing, pageTitle, placeWords, stoppingWords, timeLeft } from "./progress";

const at = (changes: Partial<RunProgress>): RunProgress => ({
  phase: "main",
  epoch: 2,
  epochs: 10,
  step: 3,
  steps: 14,
  share: 0.42,
  seconds_left: 80,
  images_per_second: 100,
  memory_bytes: 0,
  ...changes,
});

describe("the title of the tab", () => {
  it("shows the share while a run goes, and its ending only to who saw it go", () => {
    expect(pageTitle("flow", "running", 0.429, true)).toBe("42 % · flow");
    expect(pageTitle("flow", "running", 0.999, true)).toBe("99 % · flow");
    expect(pageTitle("flow", "queued", null, false)).toBe("Queued · flow");
    expect(pageTitle("flow", "finished", 1, true)).toBe("Finished · flow");
    expect(pageTitle("flow", "finished", 1, false)).toBeNull();
    expect(pageTitle("flow", null, null, false)).toBeNull();
  });
});

describe("the time left", () => {
  it("is told in words, or that it is not known yet", () => {
    expect(timeLeft(at({}))).toBe("1 min 20 s left");
    expect(timeLeft(at({ seconds_left: 0.2 }))).toBe("A moment left");
    expect(timeLeft(at({ seconds_left: null }))).toBe("Time left: not known yet");
    expect(timeLeft(at({ phase: "ended", seconds_left: null }))).toBe("");
  });
});

describe("placeWords", () => {
  it("says phase, epoch and step; images while features are read", () => {
    expect(placeWords(at({}))).toBe("Training · epoch 2 of 10 · step 3 of 14");
    expect(placeWords(at({ phase: "extraction", epochs: 0, step: 5, steps: 9 }))).toContain("5 of 9 images");
    expect(placeWords(null)).toBe("Waiting for the first event");
  });
});

describe("stopping", () => {
  it("asks for patience, and after five seconds offers force", () => {
    expect(stoppingWords(null, 0)).toBeNull();
    expect(stoppingWords({ order: "stop", at: 1_000 }, 5_999)).toEqual({ text: "Stopping after this step…", canForce: false });
    expect(stoppingWords({ order: "pause", at: 1_000 }, 6_000)).toEqual({ text: "Pausing after this step…", canForce: true });
  });

  it("knows what goes", () => {
    expect(["starting", "queued", "running"].every(isGoing)).toBe(true);
    expect([null, "paused", "finished", "stopped", "failed", "interrupted"].some(isGoing)).toBe(false);
  });
});
