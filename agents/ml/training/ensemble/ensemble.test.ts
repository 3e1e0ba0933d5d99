import { normal, seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { describe, expect, test } from "vitest";
import { checkSums } from "../../explain.ts";
import { coefficientsOf } from "../../explanation/coefficients.ts";
import { engineExplainer } from "../../explanation/engine-explainer.ts";
import type { FittedModel } from "../../fitted.ts";
import type { Labels } from "../../labels.ts";
import type { FeatureColumn } from "../../matrix.ts";
import { compile } from "../../onnx/compile.ts";
import { predictFitted } from "../../score.ts";
import { explainerOf } from "../../scoring/explainer.ts";
import { loadXgboost } from "../../xgboost/library.ts";
import { chooseCandidate } from "../choose.ts";
import { planFolds } from "../fold-plan.ts";
import type { Candidate, CandidateParams, TrainJob } from "../job.ts";
import { meterOf } from "../meter.ts";
import type { HeldOutAnswers } from "../race.ts";
import { answersOf, race } from "../race.ts";
import { type Trainable, trainOn } from "../train.ts";
import { verifyGraph } from "../verify-graph.ts";
import { blend } from "./blend.ts";
import { considerEnsemble } from "./consider.ts";
import { leadOf } from "./lead.ts";

const xgboost = loadXgboost();
const rows = 800;
/** How far the step goes so that neither a line nor trees alone follow the label. */
const paying = { binary: 1, multiclass: 1.3, regression: 1 };

/** One part of the label is a line through six numbers, one a step that only trees can follow; some values are missing, and a category counts. */
function madeRows(seed: number, rows: number, task: Labels["task"], step: number): Trainable {
  const random = seededRandom(seed);
  const draw = () => Float64Array.from({ length: rows }, () => normal(random));
  const line = Array.from({ length: 6 }, draw);
  const [c, d] = [draw(), draw()];
  const plan = Array.from({ length: rows }, () => ["basic", "plus", ""][Math.floor(3 * random())]!);
  const score = Float64Array.from({ length: rows }, (_, i) => {
    const sum = line.reduce((total, values, k) => total + values[i]! * (1 - k / 8), 0);
    return sum + (c[i]! > 0 === d[i]! > 0 ? step : -step) + (plan[i] === "plus" ? 0.6 : 0) + 0.8 * normal(random);
  });
  const values = score.map((s) =>
    task === "regression" ? s : task === "binary" ? Number(s > 0.4) : s > 1 ? 2 : s > -1 ? 1 : 0,
  );
  const classes = { binary: ["no", "yes"], multiclass: ["low", "mid", "high"], regression: [] }[task];
  const columns: FeatureColumn[] = [
    ...line.map(
      (own, k): FeatureColumn => ({
        ...{ name: `x${k}`, type: "number" },
        values: own.map((x) => (k === 1 && random() < 0.05 ? Number.NaN : x)),
      }),
    ),
    ...[c, d].map((values, i): FeatureColumn => ({ name: `n${i}`, type: "number", values })),
    { name: "plan", type: "category", values: plan },
  ];
  const row = Float64Array.from({ length: rows }, (_, i) => i);
  return { row, entity: null, time: null, columns, labels: { task, classes, values } };
}

const grown = { lambda: 1, gamma: 0, columnsPerTree: 1, minChildWeight: 2, maxBins: 64 };
/** Few and small trees: what is tested is how they are put together. */
const candidates: Candidate[] = [
  { name: "constant", params: { algorithm: "constant" } },
  { name: "linear", params: { algorithm: "linear", penalties: [0.001, 0.1] } },
  {
    name: "boosted",
    params: {
      algorithm: "xgboost",
      patience: 10,
      trees: {
        ...grown,
        rounds: 60,
        parallelTrees: 1,
        learningRate: 0.2,
        maxDepth: 3,
        subsample: 0.8,
        columnsPerSplit: 1,
      },
    },
  },
  {
    name: "forest",
    params: {
      algorithm: "random_forest",
      trees: {
        ...grown,
        rounds: 1,
        parallelTrees: 60,
        learningRate: 1,
        maxDepth: 8,
        subsample: 0.63,
        columnsPerSplit: 0.6,
      },
    },
  },
].map((one) => ({ ...one, why: "", work: 1 }) as Candidate);
const jobFor = (task: TrainJob["task"]): TrainJob => ({
  ...{ file: "", task, metric: task === "regression" ? "rmse" : "roc_auc", positive: null, features: [], candidates },
  ...{ folds: 4, time: null, costs: null, seed: 3, threads: 1, cpuSecondsLimit: 1000, memoryLimitMb: 1000 },
  xgboostLibrary: null,
});
const contextOf = (job: TrainJob, cpu: () => number = () => 0) => ({
  ...{ xgboost, threads: 1, seed: job.seed, wallSeconds: () => 0, onProgress: () => {} },
  meter: meterOf(job.cpuSecondsLimit, cpu),
  breathe: async () => {},
});
const train = (set: Trainable, job: TrainJob) => trainOn(set, job, contextOf(job));
const boosters = (trained: { boosters: string[] }) => trained.boosters.map((one) => Buffer.from(one, "base64"));
const membersOf = (params: CandidateParams) => (params.algorithm === "ensemble" ? params.members : []);

test.each(["binary", "multiclass", "regression"] as const)(
  "%s: what is taken is trained, compiled, and explained as the sum of its members",
  async (task) => {
    const set = madeRows(1, rows, task, paying[task]);
    const trained = await train(set, jobFor(task));
    const line = trained.board.at(-1)!;
    expect({ chosen: trained.chosen, name: line.name }).toEqual({ chosen: "ensemble", name: "ensemble" });
    expect(line.reason).toMatch(
      /^its lead over \w+ of [\d.]+ pays \((?:by [\d.]+ in log_loss, )?at least [\d.]+ with 95 % confidence, by/,
    );
    const members = membersOf(line.params);
    expect(members.length).toBeGreaterThan(1);
    const { fitted } = trained;
    if (fitted.estimator.kind !== "ensemble") throw new Error("an ensemble expected");
    expect(fitted.estimator.members.map(({ weight }) => weight)).toEqual(members.map(({ weight }) => weight));
    expect(trained.boosters).toHaveLength(members.filter(({ candidate }) => "trees" in candidate.params).length);
    // The graph says what the model says, also where values are missing or new.
    const fresh = madeRows(2, 400, task, paying[task]).columns;
    const odd = fresh.map(
      (one): FeatureColumn =>
        one.type === "number"
          ? { ...one, values: one.values.map((x, i) => (i % 7 === 0 ? Number.NaN : x)) }
          : { ...one, values: one.values.map((x, i) => (i % 5 === 0 ? "never seen" : x)) },
    );
    const { worst } = await verifyGraph(compile(fitted), fitted, odd, 400);
    expect(worst).toBeLessThan(1e-5);
    // Contributions add up to the margin, by the engine and without it, and are the same.
    const engine = engineExplainer(xgboost, boosters(trained), fitted, { threads: 1, reference: set.columns });
    try {
      const some = odd.map((one) => ({ ...one, values: one.values.slice(0, 60) }) as FeatureColumn);
      const { margins } = predictFitted(fitted, some);
      const ours = explainerOf(fitted, set.columns, 60);
      expect(ours.method).toBe("tree_shap");
      const [theirs, own] = [engine.explain(some), ours.explain(some)];
      for (const [k, output] of theirs.entries()) {
        checkSums(output, margins[k]!);
        checkSums(own[k]!, margins[k]!);
        for (const [cell, value] of output.values.entries())
          expect(Math.abs(value - own[k]!.values[cell]!)).toBeLessThan(2e-4);
      }
      // Of pairs: a row of the square adds up to its column's part.
      const [pairs] = engine.interactions(some);
      const { columns } = pairs!;
      for (let row = 0; row < 60; row += 13)
        for (let i = 0; i < columns; i++) {
          let sum = 0;
          for (let j = 0; j < columns; j++) sum += pairs!.values[(row * columns + i) * columns + j]!;
          expect(Math.abs(sum - theirs[0]!.values[row * columns + i]!)).toBeLessThan(1e-3);
        }
    } finally {
      engine.free();
    }
  },
);

test("coefficients of an ensemble are those of its linear member times its weight", async () => {
  const { fitted } = await train(madeRows(1, rows, "binary", paying.binary), jobFor("binary"));
  if (fitted.estimator.kind !== "ensemble") throw new Error("an ensemble expected");
  const linear = fitted.estimator.members.find(({ estimator }) => estimator.kind === "linear")!;
  const alone: FittedModel = {
    ...fitted,
    encoding: fitted.encoding.slice(linear.first, linear.first + linear.count),
    estimator: linear.estimator,
  };
  const [whole, own] = [coefficientsOf(fitted, []), coefficientsOf(alone, [])];
  expect(whole.map(({ coefficient }) => coefficient)).toEqual(
    own.map(({ coefficient }) => linear.weight * coefficient),
  );
});

test("a lead that isn't shown to be more than chance isn't taken, though its mean is the best; the board says what was measured", async () => {
  const trained = await train(madeRows(1, rows, "binary", 0.7), jobFor("binary"));
  expect(trained.chosen).toBe("linear");
  expect(trained.fitted.estimator.kind).toBe("linear");
  const line = trained.board.at(-1)!;
  expect({ name: line.name, chosen: line.chosen }).toEqual({ name: "ensemble", chosen: false });
  expect(trained.board.find((row) => row.chosen)!.reason).toMatch(
    /no ensemble: its lead over linear of [\d.]+ isn't shown to pay/,
  );
  expect(line.cv.roc_auc!.mean).toBeGreaterThan(trained.board.find((row) => row.chosen)!.cv.roc_auc!.mean);
  expect(line.reason).toMatch(
    /^not chosen: its lead over linear of [\d.]+ isn't shown to pay \(by -?[\d.e-]+ in log_loss, at least -/,
  );
});

test("what is far behind isn't put in: with a step alone the linear model is no member", async () => {
  const set = madeRows(5, rows, "binary", 4);
  const { board } = await train(set, jobFor("binary"));
  const joint = board.find(({ algorithm }) => algorithm === "ensemble")!;
  expect(membersOf(joint.params).map(({ candidate }) => candidate.params.algorithm)).toEqual([
    "xgboost",
    "random_forest",
  ]);
});

test("an ensemble whose members can't all be fitted again inside the budget is listed with what it needs, not taken", async () => {
  const set = madeRows(1, rows, "binary", paying.binary);
  const job = jobFor("binary");
  const data = { columns: set.columns, labels: set.labels, plan: planFolds(set.labels, set, 4, job.seed) };
  const { finished } = await race(data, candidates, null, contextOf(job));
  for (const one of finished) one.refitCpuSeconds = 10;
  const choice = chooseCandidate(
    finished.map(({ row }) => ({ name: row.name, algorithm: row.algorithm, cv: row.cv.roc_auc! })),
    "roc_auc",
  )!;
  const left = (seconds: number) =>
    considerEnsemble(
      finished,
      choice,
      { data, origin: set },
      job,
      contextOf({ ...job, cpuSecondsLimit: 100 }, () => 100 - seconds),
    )!;
  const { params } = left(40).row;
  const members = membersOf(params).length;
  expect(left(10 * members)).toMatchObject({ taken: true, row: { skipped: null } });
  const short = left(10 * members - 1);
  expect(short).toMatchObject({ taken: false, row: { cv: {}, skipped: { neededCpuSeconds: 10 * members } } });
  expect(short.row.reason).toContain("but the fit of all its members needs a budget of 101 CPU s");
});

test("margins of different scales mean the same odds once they are calibrated: neither drowns the other", () => {
  const random = seededRandom(23);
  const n = 600;
  const labels: Labels = {
    ...{ task: "binary", classes: ["no", "yes"] },
    values: Float64Array.from({ length: n }, () => Number(random() < 0.5)),
  };
  const fold = Int32Array.from({ length: n }, (_, i) => i % 5);
  // Two signals that know equally much, each for itself; the second is told in a hundred times the first one's unit.
  const side = (name: string, algorithm: "linear" | "xgboost" | "constant", scale: number, mean: number) => {
    const margins = [labels.values.map((y) => scale * (2 * y - 1 + 1.3 * normal(random)))];
    const row = { name, algorithm, cv: { roc_auc: { mean, se: 0, folds: [] } } };
    return { row, candidate: { name }, answers: answersOf(labels, { fold, margins }), refitCpuSeconds: 0 };
  };
  const finished = [side("c", "constant", 0, 0.5), side("a", "linear", 0.1, 0.8), side("b", "xgboost", 10, 0.8)];
  const { members, held } = blend(finished as never, labels, "roc_auc")!;
  const [first, second] = members.map(({ weight }) => weight);
  expect(first! / second!).toBeGreaterThan(50);
  expect(first! / second!).toBeLessThan(200);
  const aucOf = (margins: Float64Array) => rocAuc(labels.values, margins);
  const alone = finished.slice(1).map(({ answers }) => aucOf(answers.margins[0]!));
  expect(aucOf(held.margins[0]!)).toBeGreaterThan(Math.max(...alone) + 0.03);
});

describe("the lead that has to be shown", () => {
  const rows = 160;
  const fold = Int32Array.from({ length: rows }, (_, i) => i % 4);
  const random = seededRandom(11);
  const sides = (better: number, labels: Labels): [HeldOutAnswers, HeldOutAnswers] => {
    const shared = Float64Array.from(labels.values, (y) => y + 0.6 * normal(random));
    const noise = (amount: number) => shared.map((x) => x + amount * normal(random));
    const of = (margins: Float64Array) => answersOf(labels, { fold, margins: [margins] });
    return [of(noise(0.5 - better)), of(noise(0.5))];
  };
  const labelsOf = (): Labels => ({
    ...{ task: "regression", classes: [] },
    values: Float64Array.from({ length: rows }, () => normal(random)),
  });
  const options = (seed: number) => ({ metric: "rmse" as const, costs: null, seed });
  const origin = { entity: null, time: null };

  test("is found where one side is better, and found on at most about one in twenty where neither is", () => {
    let falsely = 0;
    let rightly = 0;
    for (let seed = 0; seed < 40; seed++) {
      const labels = labelsOf();
      const none = leadOf(sides(0, labels), { labels, origin }, options(seed))!;
      if (none.atLeast > 0) falsely++;
      if (seed >= 10) continue;
      const some = leadOf(sides(0.3, labels), { labels, origin }, options(seed))!;
      if (some.atLeast > 0) rightly++;
    }
    // Binomial: 40 × 0.05 = 2, three standard deviations more is 6.1.
    expect(falsely).toBeLessThanOrEqual(6);
    expect(rightly).toBeGreaterThanOrEqual(8);
  });

  test("is the difference that the board shows, and rows of one entity count once", () => {
    const labels = labelsOf();
    const pair = sides(0.15, labels);
    const byRow = leadOf(pair, { labels, origin }, options(1))!;
    const rmseOf = ({ prediction }: HeldOutAnswers) =>
      [0, 1, 2, 3].reduce((sum, k) => {
        const errors = [...labels.values.keys()]
          .filter((i) => fold[i] === k)
          .map((i) => prediction[0]![i]! - labels.values[i]!);
        return sum + Math.sqrt(errors.reduce((s, e) => s + e * e, 0) / errors.length) / 4;
      }, 0);
    expect(byRow.value).toBeCloseTo(rmseOf(pair[1]) - rmseOf(pair[0]), 12);
    // The same hundred rows four times over, each an entity with a row in every fold: no more is known than of a hundred.
    const repeated = (values: Float64Array) => values.map((_, i) => values[4 * Math.floor(i / 4)]!);
    const many: Labels = { ...labels, values: repeated(labels.values) };
    const four = pair.map((side) => answersOf(many, { fold, margins: side.margins.map(repeated) })) as typeof pair;
    const entity = Array.from({ length: rows }, (_, i) => String(Math.floor(i / 4)));
    const rowsAlone = leadOf(four, { labels: many, origin }, options(1))!;
    const whole = leadOf(four, { labels: many, origin: { entity, time: null } }, options(1))!;
    expect(whole.by).toBe("entity");
    // Of the one series of a forecast nothing is certain either.
    const single = leadOf(four, { labels: many, origin: { entity: Array(rows).fill("a"), time: null } }, options(1))!;
    expect(single).toEqual(rowsAlone);
    expect(whole.value - whole.atLeast).toBeGreaterThan(1.5 * (rowsAlone.value - rowsAlone.atLeast));
  });
});
