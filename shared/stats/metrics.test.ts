import { describe, expect, it } from "vitest";
import { accuracy, averagePrecision, brier, f1Macro, logLoss, mae, r2, rmse, rocAuc, rocAucMacro } from "./metrics.ts";

// Expected values: scikit-learn 1.9.1 on these arrays, tolerance 1e-12.
const labels = [0, 1, 0, 1, 1, 0, 0, 1, 0, 1];
const scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.2, 0.9, 0.6, 0.35];
const classes = [0, 2, 1, 0, 1, 2, 2, 0];
const perClass = [
  [0.7, 0.1, 0.3, 0.4, 0.2, 0.3, 0.5, 0.6],
  [0.2, 0.3, 0.4, 0.5, 0.6, 0.3, 0.2, 0.1],
  [0.1, 0.6, 0.3, 0.1, 0.2, 0.4, 0.3, 0.3],
];
const guessed = [0, 2, 1, 1, 1, 2, 0, 0];

describe("metrics", () => {
  it("agree with scikit-learn for two classes, ties included", () => {
    expect(rocAuc(labels, scores)).toBeCloseTo(0.78, 12);
    expect(averagePrecision(labels, scores)).toBeCloseTo(0.7916666666666665, 12);
    expect(brier(labels, scores)).toBeCloseTo(0.1885, 12);
    expect(logLoss(labels, [scores.map((p) => 1 - p), scores])).toBeCloseTo(0.539731099392366, 12);
  });
  it("agree with scikit-learn for three classes", () => {
    expect(rocAucMacro(classes, perClass)).toBeCloseTo(0.9277777777777777, 12);
    expect(logLoss(classes, perClass)).toBeCloseTo(0.7302496018981381, 12);
    expect(f1Macro(classes, guessed)).toBeCloseTo(0.7555555555555555, 12);
    expect(accuracy(classes, guessed)).toBe(0.75);
  });
  it("agree with scikit-learn for numbers", () => {
    const y = [3, -0.5, 2, 7];
    const p = [2.5, 0, 2, 8];
    expect(rmse(y, p)).toBeCloseTo(0.6123724356957945, 12);
    expect(mae(y, p)).toBe(0.5);
    expect(r2(y, p)).toBeCloseTo(0.9486081370449679, 12);
  });
  it("clip a certain and wrong probability", () => {
    expect(logLoss([1], [[1], [0]])).toBeCloseTo(-Math.log(1e-15), 9);
  });
  it("refuse what has no value instead of answering NaN", () => {
    const unfit = expect.objectContaining({ code: "unfit" });
    expect(() => rocAuc([1, 1], [0.2, 0.3])).toThrow(unfit);
    expect(() => averagePrecision([0, 0], [0.2, 0.3])).toThrow(unfit);
    expect(() =>
      rocAucMacro(
        [1, 1],
        perClass.map((p) => p.slice(0, 2)),
      ),
    ).toThrow(unfit);
    expect(() => r2([2, 2], [1, 3])).toThrow(unfit);
    expect(() => accuracy([], [])).toThrow(unfit);
    const invalid = expect.objectContaining({ code: "invalid_input" });
    expect(() => rocAuc([0, 1], [0.2, Number.NaN])).toThrow(invalid);
    expect(() => rmse([0, 1], [0.2, Number.NaN])).toThrow(invalid);
    expect(() => rmse([0, 1], [0.2])).toThrow(invalid);
  });
});
