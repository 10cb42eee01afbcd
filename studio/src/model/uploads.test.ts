import { expect, test } from "vitest";

import { MANY_FILES, dropName, droppedKind, leftOutWords, named, planDrop, planWords } from "./uploads";

const drop = (...paths: string[]) => paths.map((path) => ({ path, file: () => Promise.reject(new Error(path)) }));

test("images, tables and arrays are taken, the rest is named", () => {
  const plan = planDrop(drop("d/a/1.JPG", "d/a/2.png", "d/labels.csv", "d/notes.docx"));
  expect(plan.files.map((item) => item.path)).toEqual(["d/a/1.JPG", "d/a/2.png", "d/labels.csv"]);
  expect(planWords(plan)).toBe("2 images and 1 table");
  expect(leftOutWords(plan)).toBe("1 other file is left out: notes.docx.");
  expect(plan.refusal).toBeNull();
});

test("files that systems leave behind are never counted", () => {
  const plan = planDrop(drop("d/.DS_Store", "__MACOSX/d/1.png", "d/1.png"));
  expect([plan.files.length, plan.others.length, plan.numHidden]).toEqual([1, 0, 2]);
});

test("an archive is taken alone, and left out beside others", () => {
  expect(planDrop(drop("x.zip")).archives).toEqual(["x.zip"]);
  expect(planDrop(drop("x.zip", "1.png"))).toMatchObject({ archives: [], others: ["x.zip"] });
  expect(planDrop(drop("x.zip", "y.tar")).refusal).toContain("one at a time");
});

test("what holds no data is refused in words", () => {
  expect(planDrop([]).refusal).toContain("empty");
  expect(planDrop(drop("a.txt", "b.pdf")).refusal).toContain("a.txt and b.pdf");
  expect(planDrop(drop(".hidden")).refusal).toContain("hidden");
});

test("many files are said to be many", () => {
  const many = drop(...Array.from({ length: MANY_FILES }, (_, index) => `d/${index}.png`));
  expect(planDrop(many).isLarge).toBe(true);
  expect(planDrop(many.slice(1)).isLarge).toBe(false);
});

test("a name without an ending is no image", () => {
  expect(droppedKind("folder.png/readme")).toBe("other");
  expect(named(["a", "b", "c", "d", "e"])).toBe("a, b, c and 2 more");
});

test("what was dropped gives its name", () => {
  expect(dropName({ files: drop("parts/a/1.png", "parts/b/2.png") })).toBe("parts");
  expect(dropName({ files: drop("scans.tar.gz") })).toBe("scans");
  expect(dropName({ files: drop("a/1.png", "b/1.png") })).toBe("");
  expect(dropName({ files: drop("1.png", "2.png") })).toBe("");
});
