import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, test } from "vitest";
import { drawsOf } from "../draws.ts";
import { type LiftInput, pairedLift } from "./paired-lift.ts";
import { twoModels } from "./testing.ts";

const rows = 400;
const made = (better: number, seed = 11, size = rows): LiftInput => {
  const { base, challenger } = twoModels(size, seed, better);
  return {
    base: { scored: base, threshold: 0.5 },
    challenger: { scored: challenger, threshold: 0.5 },
    draws: drawsOf(null, null, size),
    ...{ metric: "roc_auc", slice: null, seed: 5 },
  };
};

describe("the lift of one model over another", () => {
  // Computed in Python on the same 400 rows (numpy 2, scikit-learn 1): AUC, average precision, precision and recall, the
  // interval of the AUC difference by DeLong's covariance, the others by 4,000 to 20,000 paired resamples of their own.
  const lift = pairedLift(made(0.4));

  test("equals the figures computed elsewhere, to 1e-9", () => {
    const { roc_auc, average_precision, precision, recall } = lift.overall;
    expect(roc_auc!.base).toBeCloseTo(0.7448680351906158, 9);
    expect(roc_auc!.challenger).toBeCloseTo(0.8069848040522527, 9);
    expect(roc_auc!.lift!.value).toBeCloseTo(0.06211676886163686, 9);
    expect(average_precision!.base).toBeCloseTo(0.5950578876266639, 9);
    expect(average_precision!.challenger).toBeCloseTo(0.6767839159787042, 9);
    expect(precision!.base).toBeCloseTo(0.5648148148148148, 9);
    expect(precision!.challenger).toBeCloseTo(0.65, 9);
    expect(recall!.base).toBeCloseTo(0.5041322314049587, 9);
    expect(recall!.challenger).toBeCloseTo(0.6446280991735537, 9);
  });

  test("has DeLong's interval of the AUC, and the resampled ones of the others, within a tenth of their width", () => {
    for (const [name, low, high] of [
      ["roc_auc", 0.026498161818043722, 0.09773537590523],
      ["average_precision", 0.02408774, 0.14271099],
      ["recall", 0.05607477, 0.22414196],
    ] as const) {
      const found = lift.overall[name]!.lift!;
      expect(Math.abs(found.low - low), name).toBeLessThan(0.1 * (high - low));
      expect(Math.abs(found.high - high), name).toBeLessThan(0.1 * (high - low));
    }
    expect(lift).toMatchObject({ above: true, rows, by: "row", clusters: rows, repetitions: 1000, seed: 5 });
  });

  test("draws whole clusters: the interval of five rows at a time is the one computed elsewhere, within a tenth", () => {
    const entity = Array.from({ length: rows }, (_, row) => `c${Math.floor(row / 5)}`);
    const found = pairedLift({ ...made(0.4), draws: drawsOf(entity, null, rows) });
    expect(found).toMatchObject({ by: "entity", clusters: 80 });
    const { low, high } = found.overall.roc_auc!.lift!;
    expect(Math.abs(low - 0.02675422)).toBeLessThan(0.1 * (0.098 - 0.0268));
    expect(Math.abs(high - 0.09800596)).toBeLessThan(0.1 * (0.098 - 0.0268));
  });

  test("is wider where rows of an entity are copies of each other, as though there were only one of each", () => {
    const { base, challenger } = made(0.4);
    const once = twoModels(rows / 4, 3, 0.4);
    const copied = (values: ArrayLike<number>) => Float64Array.from({ length: rows }, (_, row) => values[row >> 2]!);
    const side = (of: typeof once.base) => ({
      scored: {
        task: "binary" as const,
        labels: copied(once.labels),
        probabilities: copied((of as { probabilities: ArrayLike<number> }).probabilities),
      },
      threshold: 0.5,
    });
    const input = { ...made(0.4), base: side(once.base), challenger: side(once.challenger) };
    const entity = Array.from({ length: rows }, (_, row) => `e${row >> 2}`);
    const width = (of: ReturnType<typeof pairedLift>) => of.overall.roc_auc!.lift!.high - of.overall.roc_auc!.lift!.low;
    const alone = width(pairedLift({ ...input, draws: drawsOf(null, null, rows) }));
    const whole = width(pairedLift({ ...input, draws: drawsOf(entity, null, rows) }));
    expect(whole / alone).toBeGreaterThan(1.7);
    expect(base.scored.labels.length).toBe(challenger.scored.labels.length);
  });

  test("isn't kept where nothing is better, and tells the number all the same", () => {
    const { above, overall } = pairedLift(made(0));
    expect(above).toBe(false);
    expect(overall.roc_auc!.lift!.low).toBeLessThan(0);
    expect(Math.abs(overall.roc_auc!.lift!.value)).toBeLessThan(0.05);
  });

  test("of models that are equally good is hardly ever kept: its interval covers none", () => {
    let kept = 0;
    let covered = 0;
    for (let seed = 1; seed <= 80; seed++) {
      const found = pairedLift({ ...made(0, seed, 150), seed });
      const { low, high } = found.overall.roc_auc!.lift!;
      kept += Number(found.above);
      covered += Number(low <= 0 && high >= 0);
    }
    // Expected are 2 and 76 of 80; these bounds are two standard deviations and more away.
    expect(kept).toBeLessThanOrEqual(5);
    expect(covered).toBeGreaterThanOrEqual(71);
  });

  test("is told on a slice's rows too, from the same draws; a figure that isn't defined there is null", () => {
    const input = made(0.4);
    const { labels } = input.base.scored;
    const part = Int32Array.from(Array.from(labels, (_, row) => row).filter((row) => row % 2 === 0));
    const found = pairedLift({ ...input, slice: { words: "even rows", rows: part } });
    expect(found.overall).toEqual(pairedLift(input).overall);
    expect(found.slice).toMatchObject({ words: "even rows", rows: 200 });
    expect(found.slice!.figures.roc_auc!.lift!.value).not.toBeCloseTo(found.overall.roc_auc!.lift!.value, 6);
    const no = Int32Array.from(Array.from(labels, (_, row) => row).filter((row) => labels[row] === 0));
    const oneClass = pairedLift({ ...input, slice: { words: "the noes", rows: no } }).slice!.figures;
    expect(oneClass.roc_auc).toEqual({ base: null, challenger: null, lift: null });
    expect(oneClass.precision!.base).toBe(0);
  });

  test("of amounts counts less error as better", () => {
    const random = seededRandom(2);
    const labels = Float64Array.from({ length: 300 }, () => 10 * random());
    const off = (by: number) => labels.map((value) => value + by * normal(random));
    const side = (values: Float64Array) => ({
      scored: { task: "regression" as const, labels, values },
      threshold: null,
    });
    const found = pairedLift({
      ...{ base: side(off(2)), challenger: side(off(1)), draws: drawsOf(null, null, 300) },
      ...{ metric: "rmse", slice: null, seed: 1 },
    });
    expect(Object.keys(found.overall)).toEqual(["rmse", "mae", "r2"]);
    expect(found.overall.rmse!.lift!.low).toBeGreaterThan(0.5);
    expect(found.above).toBe(true);
  });
});

describe("what is drawn", () => {
  const day = 86_400_000;
  test("are entities where they repeat, else days, else a twentieth of a shorter span, else rows", () => {
    const times = (step: number) => Float64Array.from({ length: 100 }, (_, i) => 1e12 + i * step);
    expect(drawsOf(["a", "b", "a"], times(day), 3)).toMatchObject({ by: "entity", count: 2 });
    const each = Array.from({ length: 100 }, (_, i) => `e${i}`);
    expect(drawsOf(each, times(day), 100)).toMatchObject({ by: "time", count: 100 });
    expect(drawsOf(each, times(day / 2), 100)).toMatchObject({ by: "time", count: 50 });
    expect(drawsOf(each, times(day / 20), 100).count).toBeGreaterThanOrEqual(20);
    // A single entity, such as the one series of a forecast, tells nothing by itself: its time does, else its rows.
    const one = Array(100).fill("a");
    expect(drawsOf(one, times(day), 100)).toMatchObject({ by: "time", count: 100 });
    expect(drawsOf(one, null, 100)).toEqual({ by: "row", clusters: null, count: 100 });
    expect(drawsOf(each, null, 100)).toEqual({ by: "row", clusters: null, count: 100 });
    expect(drawsOf(null, new Float64Array(100), 100).by).toBe("row");
  });
});
