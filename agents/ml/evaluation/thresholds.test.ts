import { seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { atThresholds, costOfThreshold } from "./thresholds.ts";

const random = seededRandom(5);
const probabilities = Float64Array.from({ length: 500 }, () => Math.round(random() * 50) / 50);
const labels = probabilities.map((p) => Number(random() < p));
const scored = { labels, probabilities };
const byHand = (threshold: number) => {
  const counts = { tn: 0, fp: 0, fn: 0, tp: 0 };
  probabilities.forEach((p, row) => {
    counts[p >= threshold ? (labels[row] ? "tp" : "fp") : labels[row] ? "fn" : "tn"] += 1;
  });
  return counts;
};

describe("thresholds", () => {
  test("count what serving with them would do, the recorded one first, ties included", () => {
    const rows = atThresholds(scored, 0.3, [0.7, 0.5], { falsePositive: 2, falseNegative: 5 });
    expect(rows.slice(0, 3).map(({ of, threshold }) => [of, threshold])).toEqual([
      ["recorded", 0.3],
      ["asked", 0.5],
      ["asked", 0.7],
    ]);
    for (const row of rows) {
      const counts = byHand(row.threshold);
      expect(row).toMatchObject(counts);
      expect(row.precision).toBeCloseTo(counts.tp / (counts.tp + counts.fp), 12);
      expect(row.cost).toBe(2 * counts.fp + 5 * counts.fn);
    }
    expect(new Set(rows.map(({ threshold }) => threshold)).size).toBe(rows.length);
  });
  test("have no precision where nobody is a yes, and lie between 0 and 1", () => {
    const [only] = atThresholds({ labels: [0, 1], probabilities: [0.1, 0.2] }, 0.9, [], null);
    expect(only).toMatchObject({ precision: null, recall: 0, specificity: 1, cost: null });
    expect(() => atThresholds(scored, 0.5, [1.5], null)).toThrow(/between 0 and 1/);
    expect(() => atThresholds(scored, 0.5, [Number.NaN], null)).toThrow(/between 0 and 1/);
  });
});

test("what a threshold costs, beside saying the same to all, what costs imply, and the cheapest of all by search", () => {
  const costs = { falsePositive: 1, falseNegative: 4 };
  const cost = (threshold: number) => byHand(threshold).fp + 4 * byHand(threshold).fn;
  const found = costOfThreshold(scored, 0.5, costs);
  expect(found).toMatchObject({ recorded: cost(0.5), allYes: cost(0), allNo: cost(2) });
  expect(found.byProbability).toEqual({ threshold: 0.2, cost: cost(0.2) });
  const least = Math.min(...[...probabilities, 2].map(cost));
  expect(found.cheapest.cost).toBe(least);
  expect(cost(found.cheapest.threshold)).toBe(least);
});
