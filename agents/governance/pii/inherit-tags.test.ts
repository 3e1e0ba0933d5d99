import type { Classification, ColumnClassification } from "@muster/shared/domain/classification.ts";
import { expect, it } from "vitest";
import { inheritTags } from "./inherit-tags.ts";

const tag = { by: "values" as const, share: 1, checked: 50, confidence: 0.9 };
const plain = { tags: [], pii: false, identifier: null, missedShare: 0, why: "nothing" };
const email: ColumnClassification = {
  ...{ name: "email", pii: true, identifier: "direct", missedShare: 0, why: "" },
  tags: [{ ...tag, kind: "email" }],
};
const city: ColumnClassification = { ...email, name: "city", identifier: "quasi", tags: [{ ...tag, kind: "city" }] };
const gender: ColumnClassification = { ...plain, name: "gender", tags: [{ ...tag, kind: "protected" }] };
const found: Classification = { columns: [{ ...plain, name: "f" }] };
const inherit = (...columns: ColumnClassification[]) =>
  inheritTags(found, new Map([["f", columns.map((column) => ({ from: `people.${column.name}`, column }))]]))
    .columns[0]!;

it("a written column is as strict as the strictest that it was made of", () => {
  expect(inherit(city, email)).toMatchObject({
    pii: true,
    identifier: "direct",
    tags: [
      { kind: "city", by: "lineage" },
      { kind: "email", by: "lineage" },
    ],
  });
  expect(inherit(city)).toMatchObject({ pii: true, identifier: "quasi", why: "made of people.city (city); nothing" });
  expect(inherit(gender)).toMatchObject({ pii: false, identifier: null, tags: [{ kind: "protected", by: "lineage" }] });
});

it("what its own values show stays, and nothing is inherited from nothing", () => {
  const own: Classification = { columns: [{ ...email, name: "f" }] };
  const from = new Map([["f", [{ from: "people.city", column: city }]]]);
  expect(inheritTags(own, from).columns[0]).toMatchObject({
    identifier: "direct",
    tags: [
      { kind: "email", by: "values" },
      { kind: "city", by: "lineage" },
    ],
  });
  expect(inherit({ ...plain, name: "amount" })).toEqual({ ...plain, name: "f" });
  expect(inheritTags(found, new Map())).toEqual(found);
});
