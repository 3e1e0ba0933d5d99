import { normal, seededRandom } from "@muster/shared/random.ts";
import * as metrics from "@muster/shared/stats/metrics.ts";
import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";
import { type Scored, weightedMetrics } from "./weighted-metrics.ts";

function binary(rows: number, seed: number) {
  const random = seededRandom(seed);
  // Two digits only, so that scores tie.
  const probabilities = Float64Array.from({ length: rows }, () => Math.round(random() * 100) / 100);
  const labels = probabilities.map((p) => Number(random() < p));
  return { task: "binary" as const, labels, probabilities };
}

describe("weighted metrics", () => {
  const ones = new Int32Array(400).fill(1);
  it("equal the plain ones where every row counts once (two classes)", () => {
    const scored = binary(400, 1);
    const { labels, probabilities: p } = scored;
    const found = weightedMetrics(scored, 0.5)(ones);
    expect(found.roc_auc).toBeCloseTo(metrics.rocAuc(labels, p), 12);
    expect(found.average_precision).toBeCloseTo(metrics.averagePrecision(labels, p), 12);
    expect(found.log_loss).toBeCloseTo(metrics.logLoss(labels, [p.map((v) => 1 - v), p]), 12);
    expect(found.brier).toBeCloseTo(metrics.brier(labels, p), 12);
    const served = p.map((v) => Number(v >= 0.5));
    expect(found.accuracy).toBeCloseTo(metrics.accuracy(labels, served), 12);
  });
  it("equal the plain ones for three classes and for numbers", () => {
    const random = seededRandom(2);
    const raw = [0, 1, 2].map(() => Float64Array.from({ length: 400 }, () => random()));
    const sum = raw[0]!.map((v, i) => v + raw[1]![i]! + raw[2]![i]!);
    const probabilities = raw.map((column) => column.map((v, i) => v / sum[i]!));
    const labels = Int32Array.from({ length: 400 }, (_, i) => (random() < probabilities[0]![i]! ? 0 : i % 3));
    const found = weightedMetrics({ task: "multiclass", labels, probabilities })(ones);
    expect(found.roc_auc).toBeCloseTo(metrics.rocAucMacro(labels, probabilities), 12);
    expect(found.log_loss).toBeCloseTo(metrics.logLoss(labels, probabilities), 12);
    const y = raw[0]!;
    const values = raw[1]!;
    const numbers = weightedMetrics({ task: "regression", labels: y, values })(ones);
    expect(numbers.rmse).toBeCloseTo(metrics.rmse(y, values), 12);
    expect(numbers.mae).toBeCloseTo(metrics.mae(y, values), 12);
    expect(numbers.r2).toBeCloseTo(metrics.r2(y, values), 12);
  });
  it("count a row of weight 2 as two rows", () => {
    const scored = binary(60, 3);
    const weights = Int32Array.from({ length: 60 }, (_, i) => i % 3);
    const rows = Array.from(weights).flatMap((w, i) => new Array<number>(w).fill(i));
    const twice: Scored = {
      task: "binary",
      labels: rows.map((r) => scored.labels[r]!),
      probabilities: rows.map((r) => scored.probabilities[r]!),
    };
    const expected = weightedMetrics(twice, 0.4)(new Int32Array(rows.length).fill(1));
    const found = weightedMetrics(scored, 0.4)(weights);
    for (const name in expected) expect(found[name]).toBeCloseTo(expected[name]!, 12);
  });
});

describe("an evaluation", () => {
  const input = { constant: [0.5, 0.5], clusters: null, threshold: 0.4, seed: 7 };
  it("of a calibrated score has slope 1, intercept 0 and beats the baseline", () => {
    const found = evaluate({ ...input, scored: binary(4000, 5) });
    expect(Math.abs(found.calibration!.slope! - 1)).toBeLessThan(0.1);
    expect(Math.abs(found.calibration!.intercept!)).toBeLessThan(0.1);
    expect(found.baseline.roc_auc).toBe(0.5);
    expect(found.baseline.log_loss).toBeCloseTo(Math.log(2), 12);
    expect(found.metrics.roc_auc!.low).toBeGreaterThan(0.5);
    expect(found.metrics.roc_auc!.low).toBeLessThan(found.metrics.roc_auc!.value);
    expect(found.metrics.roc_auc!.high).toBeGreaterThan(found.metrics.roc_auc!.value);
  });
  it("covers the true value in about 95 % of samples", () => {
    // P(y = 1) = p with p uniform: the Brier score's expectation is 1/2 − 1/3 = 1/6.
    let covered = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { low, high } = evaluate({ ...input, scored: binary(300, 1000 + seed) }).metrics.brier!;
      if (low <= 1 / 6 && 1 / 6 <= high) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(88);
  });
  it("puts every row in the confusion and the gains at the recorded threshold", () => {
    const scored = binary(1000, 6);
    const found = evaluate({ ...input, scored });
    const [[tn, fp], [fn, tp]] = found.confusion!.counts as [[number, number], [number, number]];
    expect(tn + fp + fn + tp).toBe(1000);
    expect(tp + fp).toBe(scored.probabilities.filter((p) => p >= 0.4).length);
    expect(found.metrics.precision!.value).toBeCloseTo(tp / (tp + fp), 12);
    expect(found.gains!.at(-1)).toMatchObject({ share: 1, rows: 1000, captured: 1, lift: 1 });
    expect(found.gains![0]!.lift).toBeGreaterThan(1.5);
  });
  it("is wider where the rows of an entity repeat each other", () => {
    const one = binary(200, 8);
    const repeat = (values: Float64Array) => Float64Array.from({ length: 1000 }, (_, i) => values[i % 200]!);
    const scored = { task: "binary" as const, labels: repeat(one.labels), probabilities: repeat(one.probabilities) };
    const clusters = Array.from({ length: 1000 }, (_, i) => `e${i % 200}`);
    const width = (c: string[] | null) => {
      const found = evaluate({ ...input, scored, clusters: c });
      return { entities: found.entities, width: found.metrics.roc_auc!.high - found.metrics.roc_auc!.low };
    };
    expect(width(clusters).entities).toBe(200);
    expect(width(clusters).width / width(null).width).toBeGreaterThan(1.8);
  });
  it("is the same for the same seed", () => {
    const scored = binary(500, 9);
    expect(evaluate({ ...input, scored })).toEqual(evaluate({ ...input, scored }));
    expect(evaluate({ ...input, scored, seed: 8 })).not.toEqual(evaluate({ ...input, scored }));
  });
  it("leaves out precision where no row is served positive", () => {
    const found = evaluate({ ...input, scored: binary(500, 9), threshold: 2 });
    expect(found.metrics.precision).toBeUndefined();
    expect(found.metrics.recall!.value).toBe(0);
  });
  it("of numbers has residuals by tenths of the prediction", () => {
    const random = seededRandom(10);
    const values = Float64Array.from({ length: 1000 }, () => random() * 10);
    const labels = values.map((v) => v + 2 + normal(random));
    const scored = { task: "regression" as const, labels, values };
    const found = evaluate({ ...input, scored, constant: [7], threshold: null });
    expect(found.residuals!.mean).toBeCloseTo(2, 0);
    expect(found.residuals!.bins).toHaveLength(10);
    expect(found.metrics.bias!.value).toBeCloseTo(-found.residuals!.mean, 12);
    expect(found.calibration).toBeNull();
    expect(found.metrics.rmse!.high).toBeLessThan(found.baseline.rmse!);
  });
  it("refuses one class", () => {
    const scored = { task: "binary" as const, labels: [1, 1, 1], probabilities: [0.2, 0.6, 0.9] };
    expect(() => evaluate({ ...input, scored })).toThrow(expect.objectContaining({ code: "unfit" }));
  });
});
