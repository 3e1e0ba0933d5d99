import { describe, expect, test } from "vitest";
import { madeWorld, plants, search } from "./testing.ts";

/** Seeds that the method was not tried on while it was written. */
const firstSeed = 201;

describe("over 50 planted worlds", { timeout: 300_000 }, () => {
  test("finds at least 0.8 of the plants, and at least 0.8 of what it tells is one", async () => {
    const told = { slices: 0, right: 0, found: 0 };
    const by = new Map(plants.map((plant) => [plant, 0]));
    for (let i = 0; i < 50; i++) {
      const plant = plants[i % plants.length]!;
      const { slices, right, found } = await search(madeWorld(firstSeed + i, plant), firstSeed + i);
      told.slices += slices.length;
      told.right += right.length;
      told.found += Number(found);
      by.set(plant, by.get(plant)! + Number(found));
      for (const { errors, confirmed, conditions } of slices) {
        expect(errors).toBeGreaterThanOrEqual(30);
        expect(confirmed.adjusted).toBeLessThanOrEqual(0.01);
        expect(confirmed.adjusted).toBeGreaterThanOrEqual(confirmed.pValue);
        expect(conditions.length).toBeLessThanOrEqual(3);
      }
    }
    expect(told.found / 50).toBeGreaterThanOrEqual(0.8);
    expect(told.right / told.slices).toBeGreaterThanOrEqual(0.8);
    // No kind of plant is lost for the sake of the others.
    expect(Math.min(...by.values())).toBeGreaterThanOrEqual(5);
  });

  test("tells nothing of ten worlds without a plant, but that some rows are hard", async () => {
    const found = [];
    for (let seed = firstSeed; seed < firstSeed + 10; seed++) found.push(await search(madeWorld(seed, "none"), seed));
    expect(found.map(({ slices }) => slices.length)).toEqual(found.map(() => 0));
    expect(found.filter(({ hard }) => hard.length > 0).length).toBeGreaterThan(5);
    expect(found.flatMap(({ hard }) => hard).every(({ known }) => known === true)).toBe(true);
  });
});

test("the same seed finds the same slices, another splits the rows otherwise", async () => {
  const [a, b, c] = await Promise.all([5, 5, 6].map((seed) => search(madeWorld(211, "two"), seed)));
  expect(a!.slices).toEqual(b!.slices);
  expect(c!.slices[0]!.confirmed).not.toEqual(a!.slices[0]!.confirmed);
});
