import { describe, expect, it } from "vitest";
import { type ColumnProfile, type Profile, redactProfile } from "./profile.ts";

const column = (name: string, more: Partial<ColumnProfile> = {}): ColumnProfile => ({
  ...{ name, type: "text", nulls: 0, nullShare: 0, distinct: 3, uniqueShare: 0.003, constant: false, idLike: false },
  top: [
    { value: "common", count: 980 },
    { value: "edge", count: 20 },
    { value: "canary", count: 19 },
  ],
  ...{
    number: null,
    text: {
      minLength: 4,
      maxLength: 6,
      meanLength: 5,
      shapes: [{ shape: "canary", count: 1 }],
      readable: { number: 0, date: 0, boolean: 0 },
    },
    time: null,
  },
  ...more,
});
const quantiles = { p01: 1, p05: 5, p10: 10, p25: 25, p50: 50, p75: 75, p90: 90, p95: 95, p99: 99 };
const number = { min: -777, max: 777, mean: 3, sd: 2, skew: 0, zeros: 0, negatives: 0, quantiles };
const profile = (rows: number, ...columns: ColumnProfile[]): Profile => {
  return { dataset: "t", version: "0".repeat(64), rows, columns, duplicates: { rows: 0, share: 0 } };
};

describe("what of a profile may leave", () => {
  it("holds shares of values with at least 20 rows, and no other value", () => {
    const out = redactProfile(profile(1019, column("a")), { a: null });
    expect(out.columns[0]!.categories.map((c) => c.value)).toEqual(["common", "edge"]);
    expect(JSON.stringify(out)).not.toContain("canary");
  });

  it.each([
    ["a PII tag", { a: "email" }],
    ["no classification yet", {}],
  ])("holds no value of a column with %s", (_, tags) => {
    const out = redactProfile(profile(1019, column("a", { number })), tags);
    expect(out.columns[0]).toMatchObject({ tagged: true, categories: [], quantiles: {}, mean: null, sd: null });
  });

  it("holds no value of an id, nor of a column with few rows", () => {
    const id = column("a", { idLike: true, number });
    expect(redactProfile(profile(1019, id), { a: null }).columns[0]).toMatchObject({ categories: [], quantiles: {} });
    const few = redactProfile(profile(19, column("a", { number })), { a: null });
    expect(few.columns[0]).toMatchObject({ categories: [], quantiles: {}, mean: null });
  });

  it("holds quantiles beyond which at least 20 rows lie, never the minimum or maximum", () => {
    const out = redactProfile(profile(400, column("a", { type: "number", number })), { a: null });
    expect(Object.keys(out.columns[0]!.quantiles)).toEqual(["p05", "p10", "p25", "p50", "p75", "p90", "p95"]);
    expect(JSON.stringify(out)).not.toContain("777");
  });
});
