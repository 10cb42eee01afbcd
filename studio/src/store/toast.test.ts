import { beforeEach, expect, test } from "vitest";

import { say, useToasts } from "./toast";

const texts = () => useToasts.getState().toasts.map((toast) => toast.text);
const undo = { action: { label: "Undo", run: () => undefined } };
const ofEdit = { ...undo, topic: "edit" };

beforeEach(() => useToasts.setState({ toasts: [] }));

test("of one topic only the newest message stays", () => {
  say("1 image left out", ofEdit);
  say("Saved");
  say("1 image put back", ofEdit);
  expect(texts()).toEqual(["Saved", "1 image put back"]);
});

test("messages without a topic each keep their offer", () => {
  say("Deleted the flow a", undo);
  say("Deleted the flow b", undo);
  expect(texts()).toEqual(["Deleted the flow a", "Deleted the flow b"]);
});

test("what is said again is shown once", () => {
  say("Saved");
  say("Saved");
  expect(texts()).toEqual(["Saved"]);
});
