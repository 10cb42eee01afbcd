import { expect, test } from "vitest";

import { RECIPE_SECTIONS, inSections } from "./groups";

test("every setting stands in one section, also one that is not known here", () => {
  const items = [...RECIPE_SECTIONS.flatMap(([, names]) => names), "brand_new"].map((name) => ({ name }));
  const found = inSections(items).flatMap(([, inside]) => inside);
  expect(found.map(({ name }) => name).sort()).toEqual(items.map(({ name }) => name).sort());
  expect(inSections(items).at(-1)).toEqual(["More", [{ name: "brand_new" }]]);
});

test("a section without settings is not shown", () => {
  expect(inSections([{ name: "seed" }]).map(([title]) => title)).toEqual(["Seed"]);
});
