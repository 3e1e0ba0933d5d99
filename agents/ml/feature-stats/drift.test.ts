import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { categoryColumn, numberColumn } from "../suggest/sampled.ts";
import { driftOf, stretchesOf } from "./drift.ts";

const day = 86_400_000_000;
const start = Date.UTC(2026, 0, 1) * 1000;
const random = seededRandom(3);

describe("the stretches of training time that are compared", () => {
  it("are the first and the last cutoff, where there are a few", () => {
    const cutoffs = Float64Array.from({ length: 120 }, (_, i) => start + (i % 3) * 90 * day);
    const found = stretchesOf(cutoffs)!;
    expect(found).toMatchObject({
      from: "2026-01-01T00:00:00.000Z",
      to: "2026-06-30T00:00:00.000Z",
      split: "2026-06-30T00:00:00.000Z",
    });
    expect([found.earlier.length, found.later.length]).toEqual([40, 40]);
    expect(found.earlier.every((row) => row % 3 === 0) && found.later.every((row) => row % 3 === 2)).toBe(true);
  });

  it("are the halves of the time, where rows have their own; rows without a time are in neither", () => {
    const cutoffs = Float64Array.from({ length: 101 }, (_, i) => (i === 7 ? Number.NaN : start + i * day));
    const found = stretchesOf(cutoffs)!;
    expect([found.earlier.length, found.later.length]).toEqual([50, 50]);
    expect([...found.earlier, ...found.later]).not.toContain(7);
  });

  it.each<[string, Float64Array]>([
    ["no time", new Float64Array(100).fill(Number.NaN)],
    ["one moment", new Float64Array(100).fill(start)],
    ["too few rows of the last cutoff", Float64Array.from({ length: 100 }, (_, i) => start + (i < 75 ? 0 : day))],
  ])("are none with %s", (_, cutoffs) => expect(stretchesOf(cutoffs)).toBeNull());
});

describe("how a feature differs between them", () => {
  const rows = 400;
  const stretches = stretchesOf(Float64Array.from({ length: rows }, (_, i) => start + (i < 200 ? 0 : 90 * day)))!;

  it("is the largest gap of what lies below, for numbers, with what is missing on each side", () => {
    const values = Array.from({ length: rows }, (_, i) => (i % 10 === 0 && i >= 200 ? null : i < 200 ? i : i - 150));
    const found = driftOf(numberColumn("x", values), stretches)!;
    // 0 … 199 against 50 … 249 without every tenth: 50 of 200 lie below all of the later ones.
    expect(found).toMatchObject({ method: "kolmogorov_smirnov", missingEarlier: 0, missingLater: 0.1 });
    expect(found.distance).toBeCloseTo(0.255, 2);
    expect(found.pValue).toBeLessThan(1e-5);
    const same = driftOf(
      numberColumn(
        "y",
        values.map(() => normal(random)),
      ),
      stretches,
    )!;
    expect(same.pValue).toBeGreaterThan(0.01);
    const gone = Array.from({ length: rows }, (_, i) => (i < 200 ? i : null));
    expect(driftOf(numberColumn("z", gone), stretches)).toBeNull();
  });

  it("is the share that changed its category, missing ones among them", () => {
    const values = Array.from({ length: rows }, (_, i) => (i < 200 ? ["a", "b"][i % 2]! : [null, "b"][i % 2]!));
    const found = driftOf(categoryColumn("c", values), stretches)!;
    expect(found).toMatchObject({ method: "total_variation", distance: 0.5, missingEarlier: 0, missingLater: 0.5 });
    expect(found.pValue).toBeLessThan(1e-10);
  });
});
