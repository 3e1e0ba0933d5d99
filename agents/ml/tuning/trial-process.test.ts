import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProposedParams, TrainOptions } from "../training/job.ts";
import type { TrialFile } from "./trial-messages.ts";
import { type TrialProcesses, trialProcesses } from "./trial-process.ts";

let folder: string;
let file: TrialFile;
let processes: TrialProcesses;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-trials-"));
  const path = join(folder, "training.parquet");
  const engine = await openEngine({ files: [path], memoryMb: 200, threads: 1 });
  await engine.run(
    `COPY (SELECT i::INTEGER AS __row, CASE WHEN (i * 7919) % 101 + i % 40 > 70 THEN 'yes' ELSE 'no' END AS __label,
       ((i * 7919) % 101)::DOUBLE AS told, (i % 40)::DOUBLE AS helps, ((i * 31) % 17)::DOUBLE AS noise,
       'kind ' || ((i * 7919) % 101 % 30) AS kind
     FROM range(2000) AS t(i)) TO ${quoteLiteral(path)} (FORMAT parquet)`,
  );
  engine.close();
  file = {
    ...{ file: path, task: "binary", metric: "roc_auc", positive: "yes", folds: 4, seed: 3, memoryLimitMb: 2000 },
    features: ["told", "helps", "noise"].map((name) => ({ name, type: "number" as const })),
    xgboostLibrary: null,
  };
  processes = trialProcesses();
});
afterAll(async () => {
  processes?.close();
  await rm(folder, { recursive: true });
});

const linear = { algorithm: "linear" as const, penalties: [0.1] };
const boosted: ProposedParams = {
  ...{ algorithm: "xgboost", patience: 10 },
  trees: {
    ...{ rounds: 40, parallelTrees: 1, learningRate: 0.2, maxDepth: 3, minChildWeight: 1, lambda: 1, gamma: 0 },
    ...{ subsample: 1, columnsPerTree: 1, columnsPerSplit: 1, maxBins: 64 },
  },
};
const never = new AbortController().signal;
async function score(of: TrialFile, from: number, to: number, params: ProposedParams = linear, signal = never) {
  const scores: (number | null)[] = [];
  const job = { params, maxBins: null, from, to, cpuSecondsLimit: 60 };
  const used = await processes.score(of, job, signal, (value) => scores.push(value));
  return { scores, ...used };
}

test("a setting's folds are scored one by one, the same in parts as together, and the next setting doesn't read again", async () => {
  const all = await score(file, 0, 4);
  expect(all.scores.length).toBe(4);
  for (const value of all.scores) expect(value).toBeGreaterThan(0.9);
  const parts = [await score(file, 0, 1), await score(file, 1, 4)];
  expect(parts.flatMap(({ scores }) => scores)).toEqual(all.scores);
  // Starting and reading are counted with the first one alone.
  expect(parts[0]!.cpuSeconds).toBeLessThan(all.cpuSeconds);
  expect(parts[0]!.cpuSeconds).toBeGreaterThan(0);
}, 60_000);

test("beyond its CPU seconds it is stopped, with what it used; the process goes on with the next", async () => {
  const trees = {
    ...{ rounds: 1, parallelTrees: 400, learningRate: 1, maxDepth: 18, minChildWeight: 0.01, lambda: 0.01, gamma: 0 },
    ...{ subsample: 1, columnsPerTree: 1, columnsPerSplit: 1, maxBins: 256 },
  };
  const params: ProposedParams = { algorithm: "random_forest", trees };
  const job = { params, maxBins: null, from: 0, to: 4, cpuSecondsLimit: 0.05 };
  await expect(processes.score(file, job, never, () => {})).rejects.toMatchObject({
    code: "over_budget",
    data: { cpuSeconds: expect.any(Number) },
  });
  expect((await score(file, 0, 1)).scores.length).toBe(1);
}, 60_000);

test("beyond its memory it is ended, with what was measured", async () => {
  await expect(score({ ...file, memoryLimitMb: 20 }, 0, 4)).rejects.toMatchObject({
    code: "unfit",
    data: { limitMb: 20, peakMemoryMb: expect.any(Number) },
  });
}, 60_000);

const asked = (options: Partial<TrainOptions>): TrainOptions => ({
  ...{ classWeights: null, monotone: {}, coverage: null, ...options },
});
const mean = (scores: (number | null)[]) => scores.reduce<number>((sum, one) => sum + one!, 0) / scores.length;

test.each([
  ["linear", linear],
  ["boosted trees", boosted],
])(
  "%s are scored under the constraints that the training will be held to",
  async (_, params) => {
    const free = mean((await score(file, 0, 2, params)).scores);
    const right = mean((await score({ ...file, options: asked({ monotone: { told: 1 } }) }, 0, 2, params)).scores);
    const wrong = mean((await score({ ...file, options: asked({ monotone: { told: -1 } }) }, 0, 2, params)).scores);
    expect(Math.abs(right - free)).toBeLessThan(0.02);
    expect(wrong).toBeLessThan(free - 0.1);
  },
  60_000,
);

test("class weights hold, and what they do to probabilities is taken back before these are judged", async () => {
  const of: TrialFile = { ...file, metric: "log_loss" };
  const free = mean((await score(of, 0, 2, boosted)).scores);
  const weighted = mean((await score({ ...of, options: asked({ classWeights: { yes: 8 } }) }, 0, 2, boosted)).scores);
  expect(weighted).not.toBe(free);
  // Left as they are, weights of 8 would raise the loss by far more.
  expect(weighted).toBeGreaterThan(free - 0.03);
}, 60_000);

test("prices decide which class is served", async () => {
  const of: TrialFile = { ...file, metric: "accuracy" };
  const free = mean((await score(of, 0, 2)).scores);
  const dear = mean((await score({ ...of, costs: { falsePositive: 1, falseNegative: 1_000_000 } }, 0, 2)).scores);
  // Nearly everybody is warned of.
  expect(dear).toBeLessThan(free - 0.2);
}, 60_000);

test("a setting that the options rule out isn't scored; one that its memory allows fewer bins has no more", async () => {
  const told = { ...file, features: [...file.features, { name: "kind", type: "category" as const }] };
  await expect(score({ ...told, options: asked({ categories: "native" }) }, 0, 1)).rejects.toMatchObject({
    ...{ code: "unfit", message: expect.stringContaining("can't split on sets") },
  });
  const sets = await score({ ...told, options: asked({ categories: "native" }) }, 0, 1, boosted);
  const encoded = await score({ ...told, options: asked({ categories: "encoded" }) }, 0, 1, boosted);
  expect(sets.scores).not.toEqual(encoded.scores);
  const few: (number | null)[] = [];
  const job = { params: boosted, maxBins: 2, from: 0, to: 1, cpuSecondsLimit: 60 };
  await processes.score(file, job, never, (value) => few.push(value));
  expect(few[0]!).toBeLessThan((await score(file, 0, 1, boosted)).scores[0]! - 0.05);
}, 60_000);

test("when it isn't wanted any more it is ended", async () => {
  const stop = new AbortController();
  const scoring = score({ ...file, seed: 4 }, 0, 4, linear, stop.signal);
  stop.abort();
  await expect(scoring).rejects.toMatchObject({ code: "cancelled" });
}, 60_000);

test("what it can't read is said with the setting", async () => {
  const absent = { ...file, features: [{ name: "nothing", type: "number" as const }] };
  await expect(score(absent, 0, 1)).rejects.toMatchObject({ code: "invalid_input", message: /nothing/ });
}, 60_000);
