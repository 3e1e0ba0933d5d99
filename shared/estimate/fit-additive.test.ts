import { describe, expect, it } from "vitest";
import { normal, seededRandom } from "../random.ts";
import { type AdditivePrior, fitAdditive, intervalOf, predict, t95 } from "./fit-additive.ts";

const prior: AdditivePrior = { log: [0, 0], spread: [2, 2], noise: 0.3, weight: 4 };
const runs = (n: number, noise: number, seed: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => {
    const x = 10 ** (4 * random());
    return { terms: [1, x], y: (5 + 0.2 * x) * Math.exp(noise * normal(random)) };
  });
};

describe("fitting a sum of parts", () => {
  it("is the prior without observations", () => {
    const model = fitAdditive([], prior);
    expect(model.log).toEqual([0, 0]);
    expect(intervalOf(predict(model, [1, 3])).mid).toBeCloseTo(4, 10);
  });
  it("finds the true coefficients", () => {
    const [base, rate] = fitAdditive(runs(400, 0.1, 1), prior).log.map(Math.exp);
    expect(Math.abs(base! / 5 - 1)).toBeLessThan(0.05);
    expect(Math.abs(rate! / 0.2 - 1)).toBeLessThan(0.05);
  });
  it("finds the noise too", () => expect(fitAdditive(runs(400, 0.2, 2), prior).noise).toBeCloseTo(0.2, 1));
  it("is hardly moved by runs that went wrong", () => {
    const clean = runs(60, 0.05, 3);
    const odd = clean.map((run, i) => (i % 12 === 0 ? { ...run, y: run.y * 30 } : run));
    const [a, b] = [clean, odd].map((given) => predict(fitAdditive(given, prior), [1, 1000]).log);
    expect(Math.abs(a! - b!)).toBeLessThan(0.1);
  });
  it("leaves out runs without a cost, of which no ratio can be taken", () =>
    expect(fitAdditive([{ terms: [1, 1], y: 0 }], prior).log).toEqual(prior.log));
  it("is surer inside what it has seen than far outside", () => {
    const seen = runs(30, 0.1, 4).filter(({ terms }) => terms[1]! < 5);
    const model = fitAdditive(seen, prior);
    expect(predict(model, [1, 1e6]).sd).toBeGreaterThan(2 * predict(model, [1, 2]).sd);
  });
});

it("gives Student's t", () => {
  // Tables: 2.132, 1.812, 1.697.
  expect(t95(4)).toBeCloseTo(2.132, 1);
  expect(t95(10)).toBeCloseTo(1.812, 3);
  expect(t95(30)).toBeCloseTo(1.697, 3);
});
