import type { PredictionInterval } from "@muster/shared/domain/model.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { coverageOf, intervalAt, scaledBy } from "../prediction-interval.ts";
import { conformalInterval } from "./conformal.ts";

describe("a conformal interval", () => {
  test("takes the order statistics that the definition names", () => {
    // 39 residuals −19 … 19: at 90 % the 2nd (⌊40 × 0.05⌋) and the 38th (⌈40 × 0.95⌉) smallest.
    const labels = Float64Array.from({ length: 39 }, (_, i) => 100 + i - 19);
    const found = conformalInterval(labels, new Float64Array(39).fill(100), 0.9);
    expect(found).toEqual({ coverage: 0.9, edges: [], low: [-18], high: [18], rows: 39 });
    expect(intervalAt(found, 7)).toEqual([-11, 25]);
  });

  test("is refused where no finite one has the coverage, and leaves out rows never held out", () => {
    const known = (rows: number) => Float64Array.from({ length: 30 }, (_, i) => (i < rows ? 1 : Number.NaN));
    expect(() => conformalInterval(new Float64Array(30), known(18), 0.9)).toThrow("19 are needed");
    expect(conformalInterval(new Float64Array(30), known(19), 0.9).rows).toBe(19);
  });

  test("holds its coverage on fresh rows, overall and where the error is larger or lopsided", () => {
    const random = seededRandom(11);
    const draw = (rows: number) => {
      const prediction = Float64Array.from({ length: rows }, () => 10 * random());
      // The error grows with the prediction, and is an exponential one above 5.
      const label = prediction.map((p) => p + (p > 5 ? -2 * Math.log(1 - random()) : (0.2 + p / 5) * normal(random)));
      return { prediction, label };
    };
    const known = draw(4000);
    const interval = conformalInterval(known.label, known.prediction, 0.9);
    expect(interval.edges).toHaveLength(9);
    const fresh = draw(20_000);
    const share = (from: number, to: number) => {
      let [inside, all] = [0, 0];
      for (const [i, p] of fresh.prediction.entries()) {
        if (p < from || p >= to) continue;
        const [low, high] = intervalAt(interval, p);
        all++;
        if (low <= fresh.label[i]! && fresh.label[i]! <= high) inside++;
      }
      return inside / all;
    };
    // The standard error of the coverage of a group of 400 residuals is 0.015.
    expect(Math.abs(share(0, 10) - 0.9)).toBeLessThan(0.015);
    for (let from = 0; from < 10; from += 1) expect(Math.abs(share(from, from + 1) - 0.9)).toBeLessThan(0.05);
    const width = (p: number) => intervalAt(interval, p)[1] - intervalAt(interval, p)[0];
    expect(width(4.5)).toBeGreaterThan(2 * width(0.5));
    // An exponential error never lies below.
    expect(interval.low.at(-1)!).toBeGreaterThan(0);
  });

  describe("of folds forward in time", () => {
    /** Six folds of 400 rows and what follows them, the error's spread rising (or not) from fold to fold. */
    function drawn(rise: number, seed: number) {
      const random = seededRandom(seed);
      const fold = Int32Array.from({ length: 2800 }, (_, i) => Math.floor(i / 400));
      const prediction = Float64Array.from(fold, () => 10 * random());
      const label = prediction.map((p, i) => p + rise ** fold[i]! * normal(random));
      const known = prediction.map((p, i) => (fold[i] === 6 ? Number.NaN : p));
      return { fold, known, prediction: prediction.subarray(2400), label, fresh: label.subarray(2400) };
    }
    const covered = (rise: number, forward: boolean) => {
      const runs = [1, 2, 3, 4, 5].map((seed) => {
        const { fold, known, prediction, label, fresh } = drawn(rise, seed);
        return coverageOf(conformalInterval(label, known, 0.9, { inTime: forward ? fold : null }), fresh, prediction)
          .observed;
      });
      return runs.reduce((sum, one) => sum + one, 0) / runs.length;
    };

    test("holds its coverage on what follows where the error grows, which residuals alone don't", () => {
      expect(covered(1.1, false)).toBeLessThan(0.8);
      // What was learned of the growth is an average over the steps before: most of the promise, not all of it.
      expect(covered(1.1, true)).toBeGreaterThan(0.85);
      expect(covered(1.1, true)).toBeLessThan(0.92);
    });

    test("is hardly wider where nothing grows, and says the level that it took", () => {
      expect(Math.abs(covered(1, true) - 0.9)).toBeLessThan(0.02);
      const { fold, known, label } = drawn(1, 7);
      const found = conformalInterval(label, known, 0.9, { inTime: fold });
      expect(found.level).toBeGreaterThanOrEqual(0.9);
      expect(found.level).toBeLessThan(0.925);
      const grown = drawn(1.2, 7);
      expect(conformalInterval(grown.label, grown.known, 0.9, { inTime: grown.fold }).level).toBeGreaterThan(0.93);
    });

    test("of one fold alone is the interval of its residuals", () => {
      const labels = Float64Array.from({ length: 39 }, (_, i) => 100 + i - 19);
      const only = new Int32Array(39);
      expect(conformalInterval(labels, new Float64Array(39).fill(100), 0.9, { inTime: only })).toEqual({
        ...{ coverage: 0.9, level: 0.9, edges: [], low: [-18], high: [18], rows: 39 },
      });
    });
  });

  test("of a forecast is as wide at each step as its own residuals are", () => {
    const random = seededRandom(5);
    const draw = (rows: number) => {
      const step = Float64Array.from({ length: rows }, (_, i) => 1 + (i % 12));
      const prediction = step.map(() => 10 * random());
      return { step, prediction, label: prediction.map((p, i) => p + step[i]! * normal(random)) };
    };
    const known = draw(4800);
    const ahead = { feature: "step", values: known.step };
    const interval = conformalInterval(known.label, known.prediction, 0.9, { ahead });
    expect(interval.scale).toMatchObject({ feature: "step", edges: [4, 7, 10] });
    // Mean steps of 2, 5, 8 and 11, relative to 6.5.
    for (const [i, by] of interval.scale!.by.entries()) expect(by).toBeCloseTo((2 + 3 * i) / 6.5, 1);
    const fresh = draw(24_000);
    const share = (found: PredictionInterval, from: number) => {
      const rows = fresh.step.map((_, i) => i).filter((i) => fresh.step[i]! >= from && fresh.step[i]! < from + 3);
      const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
      const at = take(scaledBy(found, [{ name: "step", type: "number", values: fresh.step }]) ?? fresh.step);
      return coverageOf(found, take(fresh.label), take(fresh.prediction), at).observed;
    };
    for (const from of [1, 4, 7, 10]) expect(Math.abs(share(interval, from) - 0.9)).toBeLessThan(0.04);
    const plain = conformalInterval(known.label, known.prediction, 0.9);
    expect(share(plain, 1)).toBeGreaterThan(0.98);
    expect(share(plain, 10)).toBeLessThan(0.82);
    // Where nothing says how far ahead a row lies, it is as wide as at the last step.
    expect(intervalAt(interval, 5)).toEqual(intervalAt(interval, 5, 12));
    expect(() => scaledBy(interval, [])).toThrow("which it doesn't read");
  });
});
