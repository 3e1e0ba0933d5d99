import { hashOf } from "@muster/shared/canonical.ts";
import { Fault } from "@muster/shared/fault.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { describe, expect, test } from "vitest";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";
import { loadXgboost } from "../xgboost/library.ts";
import type { TrainJob } from "./job.ts";
import { meterOf } from "./meter.ts";
import { selectCandidates } from "./select-candidates.ts";
import { type TrainingSet, trainOn } from "./train.ts";

const xgboost = loadXgboost();

/** 600 rows: two numbers (one with gaps), a category of many values, noise; the label follows them by `link`. */
function trainingSet(seed: number, task: TrainingSet["labels"]["task"]): TrainingSet {
  const random = seededRandom(seed);
  const rows = 600;
  const draw = () => Float64Array.from({ length: rows }, () => normal(random));
  const [a, b, noise] = [draw(), draw(), draw()];
  const shop = Array.from({ length: rows }, () => `shop ${Math.floor(random() * 40)}`);
  const score = a.map((x, i) => x + 0.5 * b[i]! + (Number(shop[i]!.slice(5)) % 2 ? 1 : -1) + normal(random) * 0.5);
  const label = {
    binary: (s: number) => (s > 0.5 ? 1 : 0),
    multiclass: (s: number) => (s > 1 ? 2 : s > -1 ? 1 : 0),
    regression: (s: number) => s,
  };
  const classes = { binary: ["no", "yes"], multiclass: ["low", "mid", "high"], regression: [] };
  const columns: FeatureColumn[] = [
    { name: "a", type: "number", values: a },
    { name: "b", type: "number", values: b.map((x) => (random() < 0.1 ? Number.NaN : x)) },
    { name: "shop", type: "category", values: shop },
    { name: "noise", type: "number", values: noise },
    { name: "same", type: "number", values: new Float64Array(rows) },
  ];
  const row = Float64Array.from({ length: rows }, (_, i) => i);
  return {
    row,
    entity: null,
    time: null,
    columns,
    labels: { task, classes: classes[task], values: score.map(label[task]) },
  };
}

const shape = { rows: 600, numbers: 3, categories: 1, classes: 3, minority: 100, folds: 3 };
const jobFor = (task: TrainJob["task"], limit = 1000): TrainJob => ({
  file: "",
  task,
  metric: task === "regression" ? "rmse" : "roc_auc",
  positive: null,
  features: [],
  candidates: selectCandidates({ ...shape, task }),
  folds: 3,
  time: null,
  costs: null,
  seed: 5,
  threads: 2,
  cpuSecondsLimit: limit,
  memoryLimitMb: 1000,
  xgboostLibrary: null,
});
const run = (set: TrainingSet, job: TrainJob, cpu: () => number = () => 0) =>
  trainOn(set, job, {
    xgboost,
    threads: job.threads,
    seed: job.seed,
    meter: meterOf(job.cpuSecondsLimit, cpu),
    wallSeconds: () => 0,
    breathe: async () => {},
    onProgress: () => {},
  });

describe.each(["binary", "multiclass", "regression"] as const)("a %s run", (task) => {
  test("ranks every candidate against the constant and its model answers on rows it hasn't seen", async () => {
    const result = await run(trainingSet(1, task), jobFor(task));
    expect(result.board.map(({ name }) => name)).toEqual([
      "constant",
      "linear",
      "xgboost_shallow",
      "random_forest_smooth",
      "random_forest",
      "xgboost_pairs",
      "xgboost_deep",
      "ensemble",
    ]);
    expect(result.board.filter(({ chosen }) => chosen).map(({ name }) => name)).toEqual([result.chosen]);
    expect(result.beatsConstant).toBe(true);
    expect(result.dropped.map(({ column }) => column)).toEqual(["same"]);
    for (const row of result.board) expect(row.cv[result.metric]!.folds.length).toBe(3);
    const fresh = trainingSet(2, task);
    const scored = predictFitted(result.fitted, fresh.columns);
    if (task === "regression") {
      const error = scored.values!.reduce((sum, v, i) => sum + (v - fresh.labels.values[i]!) ** 2, 0) / 600;
      expect(error).toBeLessThan(1);
      return;
    }
    const right = scored.labels!.filter((label, i) => label === fresh.labels.classes[fresh.labels.values[i]!]).length;
    expect(right / 600).toBeGreaterThan(0.75);
    for (let i = 0; i < 600; i++) expect(scored.probabilities.reduce((sum, p) => sum + p[i]!, 0)).toBeCloseTo(1, 9);
  });

  test("same seed and threads give the same model, board and out-of-fold answers", async () => {
    const [first, again] = [
      await run(trainingSet(1, task), jobFor(task)),
      await run(trainingSet(1, task), jobFor(task)),
    ];
    expect(hashOf(again.fitted)).toBe(hashOf(first.fitted));
    expect(again.boosters).toEqual(first.boosters);
    expect(again.board).toEqual(first.board);
    expect(again.oof).toEqual(first.oof);
  });
});

test("out-of-fold answers cover every row and reproduce the board", async () => {
  const set = trainingSet(1, "binary");
  const { oof, board, chosen } = await run(set, jobFor("binary"));
  const cv = board.find(({ name }) => name === chosen)!.cv.roc_auc!;
  for (const [fold, expected] of cv.folds.entries()) {
    const rows = Array.from(oof.row.keys()).filter((row) => oof.fold[row] === fold);
    const auc = rocAuc(
      rows.map((row) => oof.label[row]!),
      rows.map((row) => oof.prediction[1]![row]!),
    );
    expect(auc).toBeCloseTo(expected!, 12);
  }
  expect(oof.fold.every((fold) => fold >= 0)).toBe(true);
});

test("labels drawn at random are no better than the constant", async () => {
  const set = trainingSet(1, "binary");
  const random = seededRandom(77);
  set.labels.values = set.labels.values.map(() => (random() < 0.4 ? 1 : 0));
  const { board, chosen } = await run(set, jobFor("binary"));
  expect(board.find(({ name }) => name === chosen)!.cv.roc_auc!.mean).toBeLessThan(0.58);
});

test("a feature that alone tells the label is left out, unless it may tell it", async () => {
  const set = trainingSet(4, "binary");
  const told: TrainingSet = {
    ...set,
    columns: [...set.columns, { name: "told", type: "number", values: Float64Array.from(set.labels.values) }],
  };
  const candidates = selectCandidates({ ...shape, task: "binary" }).filter(({ name }) => name === "linear");
  const job = { ...jobFor("binary"), candidates };
  const without = await run(told, job);
  expect(without.dropped).toContainEqual(expect.objectContaining({ column: "told", reason: "leaking" }));
  const { dropped, fitted } = await run(told, { ...job, mayTell: ["told"] });
  expect(dropped.map(({ column }) => column)).toEqual(["same"]);
  expect(fitted.inputs.map(({ name }) => name)).toContain("told");
});

describe("a budget", () => {
  // A clock that moves one hundredth of a second at every look: what costs much looks often.
  const ticking = () => {
    let now = 0;
    return () => {
      now += 0.01;
      return now;
    };
  };

  test("ends inside itself; what doesn't fit is skipped, unranked, with what it needs", async () => {
    const whole = ticking();
    await run(trainingSet(1, "binary"), jobFor("binary"), whole);
    const clock = ticking();
    const limit = whole() / 3;
    const { board, chosen } = await run(trainingSet(1, "binary"), jobFor("binary", limit), clock);
    expect(clock()).toBeLessThan(limit + 0.1);
    const skipped = board.filter((row) => row.skipped);
    expect(skipped.length).toBeGreaterThan(0);
    for (const row of skipped) {
      expect(row.cv).toEqual({});
      expect(row.chosen).toBe(false);
      expect(row.skipped!.fits).toContain("budget");
    }
    expect(skipped.map(({ name }) => name)).not.toContain(chosen);
  });

  test("that no candidate fits is over_budget, with the board", async () => {
    const error = await run(trainingSet(1, "binary"), jobFor("binary", 0.2), ticking()).catch((e: unknown) => e);
    expect((error as Fault).code).toBe("over_budget");
    expect((error as Fault).data.board).toHaveLength(7);
  });
});

test("a label of one value, a wrong metric and no usable column are refused", async () => {
  const flat = trainingSet(1, "regression");
  flat.labels.values.fill(3);
  await expect(run(flat, jobFor("regression"))).rejects.toThrow("one value only");
  await expect(run(trainingSet(1, "binary"), { ...jobFor("binary"), metric: "rmse" })).rejects.toThrow(
    "isn't a metric",
  );
  const bare = { ...trainingSet(1, "binary") };
  bare.columns = bare.columns.filter(({ name }) => name === "same");
  const error = await run(bare, jobFor("binary")).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(Fault);
  expect((error as Fault).code).toBe("unfit");
});
