import type { Classification } from "@muster/shared/domain/classification.ts";
import { expect, it } from "vitest";
import { applyMarks } from "./apply-marks.ts";

const tag = { by: "values" as const, share: 1, checked: 50, confidence: 0.9 };
const found: Classification = {
  columns: [
    { name: "note", tags: [], pii: false, identifier: null, missedShare: 0, why: "nothing" },
    {
      ...{
        name: "contact",
        pii: true,
        identifier: "direct",
        missedShare: 0,
        why: "50 of 50 values are e-mail addresses",
      },
      tags: [
        { ...tag, kind: "email" },
        { ...tag, kind: "postal_code" },
      ],
    },
  ],
};
const mark = (column: string, kinds: ("free_text" | "city")[], lifted: ("email" | "city")[] = []) => ({
  ...{ column, kinds, lifted, reason: "seen by hand" },
});

it("a person tightens, and the reason says so", () =>
  expect(applyMarks(found, [mark("note", ["free_text"])]).columns[0]).toEqual({
    ...found.columns[0],
    ...{
      pii: true,
      identifier: "direct",
      tags: [{ kind: "free_text", by: "person", share: null, checked: 0, confidence: 1 }],
    },
    why: "a person marked it free_text (seen by hand); nothing",
  }));

it("a person loosens what they name, and nothing else", () => {
  expect(applyMarks(found, [mark("contact", [], ["email"])]).columns[1]).toMatchObject({
    ...{ pii: true, identifier: "quasi", tags: [{ kind: "postal_code" }] },
  });
  expect(applyMarks(found, [mark("contact", [], ["city"])]).columns[1]).toMatchObject({ identifier: "direct" });
});

it("a mark on a column that isn't there changes nothing", () =>
  expect(applyMarks(found, [mark("gone", ["city"])])).toEqual(found));
