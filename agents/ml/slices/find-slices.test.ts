import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { findSlices } from "./find-slices.ts";
import { clustersOf, discoveryHalf } from "./halves.ts";
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

test("what holds only on the rows that were searched is put to the test and not told", async () => {
  // Each entity has one wrong row: where it is searched that of the slice, where it confirms another one.
  const rows = 1500;
  const entity = Int32Array.from({ length: rows }, (_, i) => Math.floor(i / 3));
  const clusters = clustersOf(entity, null, rows);
  const half = discoveryHalf(clusters, new Uint8Array(rows).fill(1), seededRandom(4));
  const happened = Uint8Array.from(half, (searched, i) => Number(i % 3 === (searched === 1 ? 0 : 1)));
  const values = Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? "in" : "out"));
  const column = { column: { name: "k", type: "category" as const, values }, from: "feature" as const, features: [] };
  const errors = [{ kind: "wrong" as const, happened, could: new Uint8Array(rows).fill(1), expected: null }];
  const find = (flags: Uint8Array) =>
    findSlices([{ ...column, said: "k", times: 1 }], [{ ...errors[0]!, happened: flags }], clusters, 4, async () => {});
  expect(await find(happened)).toMatchObject({ slices: [], hard: [], tested: 1 });
  const everywhere = Uint8Array.from({ length: rows }, (_, i) => Number(i % 3 === 0));
  const { slices } = await find(everywhere);
  expect(slices).toMatchObject([{ rows: 500, errors: 500, confirmed: { rows: 250, errors: 250, rate: 1 } }]);
});
