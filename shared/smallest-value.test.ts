import { describe, expect, test } from "vitest";
import { z } from "zod";
import { DatasetPin, DatasetRef } from "./domain/dataset.ts";
import { facts, factType } from "./fact/table.ts";
import { smallestText } from "./smallest-text.ts";
import { smallestValue } from "./smallest-value.ts";

describe("the smallest text of a pattern", () => {
  test.each([
    "^[a-z][a-z0-9_]{0,62}@[0-9a-f]{64}$",
    "^(\\S+\\s+){4,5}\\S+$",
    "^(?:one|two)-\\d{2,}x?[^a-z]+\\.$",
    "a|b",
    "",
  ])("fits %s", (pattern) => {
    expect(smallestText(pattern)).toMatch(new RegExp(pattern));
  });

  test("refuses what it doesn't know instead of guessing", () => {
    expect(() => smallestText("(?=a)b")).toThrow(/no text can be made/);
    expect(() => smallestText("(a)\\1")).toThrow(/no text can be made/);
  });
});

describe("the smallest value of a schema", () => {
  test("has the required keys only, at their least", () => {
    const type = z.object({
      pin: DatasetPin,
      at: z.iso.datetime(),
      count: z.number().int().positive(),
      share: z.number().gt(0).lt(1),
      pair: z.tuple([z.number(), z.string()]),
      kind: z.discriminatedUnion("kind", [z.object({ kind: z.literal("a"), n: z.number() })]),
      none: z.string().nullable(),
      more: z.string().optional(),
      list: z.array(z.boolean()).min(2),
    });
    expect(smallestValue(type)).toEqual({
      pin: `a@${"0".repeat(64)}`,
      at: "2026-01-01T00:00:00.000Z",
      count: 1,
      share: 1e-3,
      pair: [0, "a"],
      kind: { kind: "a", n: 0 },
      none: null,
      list: [false, false],
    });
  });

  test("takes texts and the length of lists from whoever asks", () => {
    const type = z.object({ dataset: DatasetRef, list: z.array(DatasetPin) });
    const text = ({ pattern = "" }) => (pattern.includes("@") ? `x@${"1".repeat(64)}` : undefined);
    expect(smallestValue(type, { text, members: 1 })).toEqual({
      dataset: `x@${"1".repeat(64)}`,
      list: [`x@${"1".repeat(64)}`],
    });
  });

  test("of several plain types takes the null, else the first", () => {
    const either = z.object({ at: z.union([z.number(), z.string()]), or: z.union([z.string(), z.null()]) });
    expect(smallestValue(either)).toEqual({ at: 0, or: null });
  });

  test("says where a refinement refuses it", () => {
    expect(() => smallestValue(z.object({ n: z.number().refine((n) => n > 5, "too small") }))).toThrow(/n too small/);
  });

  test.each(Object.keys(facts))("fits the fact %s", (name) => {
    const { value } = factType(name)!;
    expect(value.safeParse(smallestValue(value, { members: 1 })).success).toBe(true);
  });
});
