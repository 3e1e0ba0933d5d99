import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { compareGroups, type Predicted } from "./compare.ts";
import type { Groups } from "./groups.ts";

const groups = (sizes: number[]): Groups => ({
  names: sizes.map((_, i) => `g${i}`),
  of: Int32Array.from(sizes.flatMap((size, i) => Array.from({ length: size }, () => i))),
  bands: false,
});

/** Rows of a group: so many of each label, so many of those served positive. */
type Cell = { yes: number; yesServed: number; no: number; noServed: number };
function binary(cells: Cell[], clusters: Int32Array | null = null): { groups: Groups; predicted: Predicted } {
  const rows = cells.flatMap(({ yes, yesServed, no, noServed }, group) => [
    ...Array.from({ length: yes }, (_, i) => ({ group, label: 1, p: i < yesServed ? 0.9 : 0.1 })),
    ...Array.from({ length: no }, (_, i) => ({ group, label: 0, p: i < noServed ? 0.9 : 0.1 })),
  ]);
  const probabilities = Float64Array.from(rows, ({ p }) => p);
  return {
    groups: { ...groups(cells.map(() => 0)), of: Int32Array.from(rows, ({ group }) => group) },
    predicted: {
      scored: { task: "binary", labels: Float64Array.from(rows, ({ label }) => label), probabilities },
      ...{ classes: ["no", "yes"], threshold: 0.5, clusters, seed: 7 },
      served: Int32Array.from(probabilities, (p) => Number(p >= 0.5)),
    },
  };
}

describe("a binary model", () => {
  const { groups: two, predicted } = binary([
    { yes: 50, yesServed: 40, no: 50, noServed: 20 },
    { yes: 40, yesServed: 20, no: 60, noServed: 10 },
  ]);

  test("rates, true and false positive rates per group are the counts' own, with Wilson's interval", () => {
    const { groups: found } = compareGroups(two, predicted);
    expect(found.map(({ rows }) => rows)).toEqual([100, 100]);
    expect(found[0]!.rates.yes!.value).toBe(0.6);
    // Newcombe 1998, and R's prop.test(60, 100, correct = FALSE): 0.5020 to 0.6906.
    expect(found[0]!.rates.yes!.low).toBeCloseTo(0.502, 4);
    expect(found[0]!.rates.yes!.high).toBeCloseTo(0.6906, 4);
    expect(found[1]!.rates.yes!.value).toBe(0.3);
    expect(found.map((one) => one.truePositive?.value)).toEqual([0.8, 0.5]);
    expect(found.map((one) => one.falsePositive?.value)).toEqual([0.4, 1 / 6]);
    expect(found.map((one) => one.actual.yes?.value)).toEqual([0.5, 0.4]);
    expect(found.map((one) => one.accuracy?.value)).toEqual([0.7, 0.7]);
    // One threshold's ROC: AUC = (1 + TPR − FPR) / 2.
    expect(found[0]!.rocAuc!.value).toBeCloseTo((1 + 0.8 - 0.4) / 2, 12);
    expect(found[0]!.calibration!.value).toBeCloseTo(0.6 * 0.9 + 0.4 * 0.1 - 0.5, 12);
  });

  test("ratios are the smaller rate over the larger, inside their interval", () => {
    const { ratio, tprRatio } = compareGroups(two, predicted);
    expect(ratio!.value).toBe(0.5);
    expect(tprRatio!.value).toBe(0.625);
    expect(ratio!.low).toBeLessThan(0.5);
    expect(ratio!.high).toBeGreaterThan(0.5);
    // Katz's log interval of the risk ratio 0.3/0.6 at n = 100 each: 0.354 to 0.706.
    expect(ratio!.low).toBeCloseTo(0.354, 1);
    expect(ratio!.high).toBeCloseTo(0.706, 1);
  });

  test("a group with too few rows of a class gives no rate in a ratio; one group alone gives none", () => {
    const few = binary([
      { yes: 9, yesServed: 1, no: 91, noServed: 40 },
      { yes: 50, yesServed: 40, no: 50, noServed: 10 },
    ]);
    expect(compareGroups(few.groups, few.predicted).tprRatio).toBeNull();
    expect(compareGroups(few.groups, few.predicted).ratio).not.toBeNull();
    const one = binary([{ yes: 50, yesServed: 40, no: 50, noServed: 10 }]);
    expect(compareGroups(one.groups, one.predicted).ratio).toBeNull();
  });

  test("rows that belong together are drawn together: the interval of copied rows is that of the originals", () => {
    const cells = [
      { yes: 50, yesServed: 40, no: 50, noServed: 20 },
      { yes: 40, yesServed: 20, no: 60, noServed: 10 },
    ];
    const times = 5;
    const more = cells.map((cell) =>
      Object.fromEntries(Object.entries(cell).map(([key, n]) => [key, n * times])),
    ) as Cell[];
    // Five copies of each original follow one another, since cells are laid out in order.
    const clusters = Int32Array.from({ length: 200 * times }, (_, i) => Math.floor(i / times));
    const copied = binary(more, clusters);
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    const single = compareGroups(two, predicted).groups[0]!.rates.yes!;
    const together = compareGroups(copied.groups, copied.predicted).groups[0]!.rates.yes!;
    const naive = compareGroups(copied.groups, { ...copied.predicted, clusters: null }).groups[0]!.rates.yes!;
    expect(together.value).toBeCloseTo(single.value, 12);
    expect(width(together) / width(single)).toBeGreaterThan(0.8);
    expect(width(naive) / width(single)).toBeLessThan(0.5);
  });

  test("fair by construction: the 95 % interval of the ratio reaches 0.9 in most draws", () => {
    const random = seededRandom(3);
    let reached = 0;
    for (let draw = 0; draw < 40; draw++) {
      const cell = (): Cell => {
        const count = (n: number, p: number) =>
          Array.from({ length: n }, () => Number(random() < p)).reduce((a, b) => a + b, 0);
        return { yes: 200, yesServed: count(200, 0.6), no: 200, noServed: count(200, 0.4) };
      };
      const { groups: g, predicted: p } = binary([cell(), cell()]);
      reached += Number(compareGroups(g, { ...p, seed: draw }).ratio!.high >= 0.9);
    }
    expect(reached).toBeGreaterThanOrEqual(36);
  });
});

test("a multiclass model is held to its worst outcome, a regression to its errors", () => {
  const of = Int32Array.from({ length: 200 }, (_, i) => Number(i >= 100));
  const served = Int32Array.from({ length: 200 }, (_, i) => (i < 100 ? i % 2 : Math.min(2, i % 4)));
  const probabilities = [0, 1, 2].map((k) => Float64Array.from(served, (s) => (s === k ? 0.8 : 0.1)));
  const two: Groups = { names: ["a", "b"], of, bands: false };
  const multiclass = compareGroups(two, {
    scored: { task: "multiclass", labels: Float64Array.from(served), probabilities },
    ...{ classes: ["x", "y", "z"], served, threshold: null, clusters: null, seed: 1 },
  });
  // Class z is never served in group a: ratio 0.
  expect(multiclass.ratio!.value).toBe(0);
  expect(multiclass.tprRatio).toBeNull();
  const values = Float64Array.from({ length: 200 }, (_, i) => (i < 100 ? 12 : 9));
  const regression = compareGroups(two, {
    scored: { task: "regression", labels: new Float64Array(200).fill(10), values },
    ...{ classes: [], served: null, threshold: null, clusters: null, seed: 1 },
  });
  expect(regression.ratio).toBeNull();
  expect(regression.groups.map(({ calibration, rmse }) => [calibration?.value, rmse?.value])).toEqual([
    [2, 2],
    [-1, 1],
  ]);
});
