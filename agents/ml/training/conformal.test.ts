import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { intervalAt } from "../prediction-interval.ts";
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
});
