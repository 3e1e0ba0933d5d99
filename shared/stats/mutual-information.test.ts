import { describe, expect, it } from "vitest";
import { seededRandom } from "../random.ts";
import { type Coded, entropy, mutualInformation, symmetricUncertainty } from "./mutual-information.ts";

const coded = (count: number, code: (i: number) => number, rows = 60): Coded => ({
  codes: Int32Array.from({ length: rows }, (_, i) => code(i)),
  count,
});
const a = (i: number) => (i * 7 + 3) % 5;
const b = (i: number) => (Math.floor((i * i * i) / 7) + i) % 4;
const c = (i: number) => (a(i) * 2 + Number(i % 3 === 0)) % 7;

describe("mutual information", () => {
  // sklearn.metrics.mutual_info_score 1.9.1 and scipy.stats.entropy of the same columns.
  it.each([
    ["of a and b", coded(5, a), coded(4, b), 0.08332270506391687],
    ["of a and c, with a code that no row has", coded(6, a), coded(7, c), 1.2275294114572124],
  ])("is scikit-learn's: %s", (_, x, y, expected) => {
    expect(mutualInformation(x, y).raw).toBeCloseTo(expected, 12);
    expect(mutualInformation(y, x)).toEqual({ raw: expect.closeTo(expected, 12), bias: expect.any(Number) });
  });

  it("of a column with itself is its entropy", () => {
    expect(entropy(coded(7, c))).toBeCloseTo(1.8640435797520256, 12);
    expect(mutualInformation(coded(7, c), coded(7, c)).raw).toBeCloseTo(1.8640435797520256, 12);
  });

  it("of independent columns shows its bias, no more", () => {
    const random = seededRandom(3);
    const runs = Array.from({ length: 200 }, () => {
      const draw = (count: number) => coded(count, () => Math.floor(random() * count), 500);
      return mutualInformation(draw(10), draw(4));
    });
    const mean = runs.reduce((sum, { raw }) => sum + raw, 0) / runs.length;
    expect(runs[0]!.bias).toBeCloseTo((9 * 3) / 1000, 12);
    // The standard error of the mean is about 0.0003.
    expect(Math.abs(mean - 0.027)).toBeLessThan(0.0015);
  });

  it("is told as the share that both have in common", () => {
    const [x, y] = [coded(5, a), coded(7, c)];
    // sklearn.metrics.normalized_mutual_info_score 1.9.1 of a and c is 0.7068006058006286, without a correction;
    // 10 pairs of 5 and 7 codes in 60 rows take (10 − 5 − 7 + 1) ÷ 120 off the information.
    const mean = (entropy(x) + entropy(y)) / 2;
    expect(symmetricUncertainty(x, y, [entropy(x), entropy(y)])).toBeCloseTo(0.7068006058006286 + 1 / 120 / mean, 12);
    const many = coded(300, (i) => i % 300, 600);
    const copy = coded(300, (i) => 299 - (i % 300), 600);
    expect(symmetricUncertainty(many, copy, [entropy(many), entropy(copy)])).toBe(1);
    const random = seededRandom(5);
    const other = coded(300, () => Math.floor(random() * 300), 600);
    expect(symmetricUncertainty(many, other, [entropy(many), entropy(other)])).toBeLessThan(0.9);
    expect(
      symmetricUncertainty(
        coded(1, () => 0),
        coded(1, () => 0),
        [0, 0],
      ),
    ).toBe(1);
  });

  it("is nothing without rows", () => {
    expect(mutualInformation(coded(3, a, 0), coded(2, a, 0))).toEqual({ raw: 0, bias: 0 });
  });
});
