import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashOf } from "@muster/shared/canonical.ts";
import { adjustmentText } from "@muster/shared/domain/adjustment-text.ts";
import { asFault } from "@muster/shared/fault.ts";
import { openEngine, quoteLiteral } from "@muster/shared/warehouse/duckdb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../onnx/compile.ts";
import type { TrainJob } from "./job.ts";
import { estimateMemoryMb, inMemory, type MemoryShape, nextPlan } from "./memory-plan.ts";
import { selectCandidates } from "./select-candidates.ts";
import { trainInChild } from "./spawn.ts";
import { trainWithin } from "./train-within.ts";

const rows = 40_000;
const width = 60;
let folder: string;
let file: string;
async function write(name: string, rows: number): Promise<string> {
  const file = join(folder, name);
  const engine = await openEngine({ files: [file], memoryMb: 500, threads: 1 });
  const columns = Array.from(
    { length: width },
    (_, c) => `(hash(i * ${width} + ${c}) % 100003)::DOUBLE / 100003 AS f${c}`,
  );
  await engine.run(`COPY (
    SELECT i::INTEGER AS __row, 'e' || i AS __entity, NULL::TIMESTAMP AS __cutoff,
      CASE WHEN f0 + f1 * f2 + 0.3 * f3 > 1 THEN 'yes' ELSE 'no' END AS __label, 'kind ' || (i % 30) AS kind, * EXCLUDE (i)
    FROM (SELECT i, ${columns.join(", ")} FROM range(${rows}) t(i))) TO ${quoteLiteral(file)} (FORMAT parquet)`);
  engine.close();
  return file;
}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-within-"));
  file = await write("training.parquet", rows);
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

function job(memoryLimitMb: number): TrainJob {
  const shape = { task: "binary" as const, rows, numbers: width, categories: 1, classes: 2, minority: 9_000, folds: 2 };
  const candidates = selectCandidates(shape)
    .filter(({ name }) => ["constant", "linear", "xgboost_shallow"].includes(name))
    .map((one) => {
      const { params } = one;
      return params.algorithm === "xgboost"
        ? { ...one, params: { ...params, trees: { ...params.trees, rounds: 12 } } }
        : one;
    });
  return {
    ...{
      file,
      task: "binary",
      metric: "roc_auc",
      positive: "yes",
      candidates,
      folds: 2,
      time: null,
      costs: null,
      seed: 3,
    },
    features: [
      ...Array.from({ length: width }, (_, c) => ({ name: `f${c}`, type: "number" as const })),
      { name: "kind", type: "category" },
    ],
    ...{ threads: 1, cpuSecondsLimit: 600, memoryLimitMb, xgboostLibrary: null },
  };
}

describe("a training that needs more memory than it has", () => {
  test("is streamed, says what was changed and what it cost, and gives the same model every time", async () => {
    const limit = 300;
    const first = await trainWithin(job(limit), rows);
    expect(first.peakMemoryMb).toBeLessThanOrEqual(limit);
    expect(first.rows).toBe(rows);
    const [streamed] = first.adjustments;
    expect(first.adjustments.map(({ what }) => what)).toEqual(["streamed"]);
    expect(streamed).toMatchObject({ from: "rows in memory", why: { limitMb: limit, rows, columns: width + 1 } });
    expect(streamed!.why.peakMemoryMb).toBeGreaterThan(limit);
    expect(streamed).toMatchObject({ score: { metric: "roc_auc" }, unmeasured: null });
    expect(Math.abs(streamed!.score!.with - streamed!.score!.without)).toBeLessThan(0.02);
    expect(adjustmentText(streamed!)).toMatch(
      /40000 rows × 61 columns took \d+ MB of 300, so rows streamed in batches/,
    );
    const linear = first.board.find(({ algorithm }) => algorithm === "linear")!;
    expect(linear.skipped!.neededMemoryMb).toBeGreaterThan(limit);
    expect(first.board.find(({ chosen }) => chosen)!.cv.roc_auc!.mean).toBeGreaterThan(0.9);
    // Begun with the plan that it ended with, in another process: the same bytes.
    const plan = { streamed: true, maxBins: null, share: 1 };
    const again = await trainWithin({ ...job(limit), plan }, rows);
    expect(hashOf(Buffer.from(compile(again.fitted)).toString("base64"))).toBe(
      hashOf(Buffer.from(compile(first.fitted)).toString("base64")),
    );
    expect(again.boosters).toEqual(first.boosters);
    // What the attempt that was ended had used is counted.
    expect(first.cpuSeconds).toBeGreaterThan(again.cpuSeconds);
  }, 240_000);

  test("trains on ten times the rows that fit into the same memory, none left out", async () => {
    const [many, limit] = [200_000, 300];
    const few: TrainJob = { ...job(limit), file: await write("many.parquet", many) };
    few.candidates = few.candidates
      .filter(({ name }) => name !== "linear")
      .map((one) =>
        one.params.algorithm === "xgboost"
          ? { ...one, params: { ...one.params, trees: { ...one.params.trees, rounds: 3 } } }
          : one,
      );
    const fitting = await trainInChild({ ...few, plan: { ...inMemory, share: 0.1 } });
    expect(fitting.rows / many).toBeCloseTo(0.1, 2);
    expect(fitting.peakMemoryMb).toBeLessThanOrEqual(limit);
    const all = await trainWithin(few, many);
    expect(all.adjustments.map(({ what }) => what)).toEqual(["streamed"]);
    expect(all.rows).toBe(many);
    // Their numbers alone, eight bytes each, would be 93 MB more.
    expect(all.peakMemoryMb).toBeLessThanOrEqual(limit);
  }, 240_000);

  test("ends unfit with its peak where nothing fits, and over budget where no CPU seconds are left", async () => {
    const small = asFault(await trainWithin(job(60), rows).catch((e: unknown) => e));
    expect(small).toMatchObject({ code: "unfit", data: { limitMb: 60 } });
    expect(small.data.peakMemoryMb).toBeGreaterThan(60);
    const spent = { ...job(300), cpuSecondsLimit: 0.5 };
    expect(asFault(await trainWithin(spent, rows).catch((e: unknown) => e)).code).toBe("over_budget");
  }, 120_000);
});

describe("the plan after one that didn't fit", () => {
  const deep: MemoryShape = { rows: 100_000, numbers: 20, categories: 0, depth: 12, bins: 256, linear: false };
  const shallow: MemoryShape = { ...deep, depth: 3 };
  const mb = (shape: MemoryShape, plan = inMemory) => estimateMemoryMb(shape, plan);

  test("has fewer bins where the histograms of deep trees are what is large", () => {
    expect(nextPlan(deep, inMemory, 0.9 * mb(deep))).toEqual({ streamed: false, maxBins: 32, share: 1 });
  });

  test("streams where the rows are what is large, with fewer bins only where that is needed too", () => {
    expect(nextPlan(shallow, inMemory, 0.8 * mb(shallow) + 100)).toEqual({ streamed: true, maxBins: null, share: 1 });
    const large = { ...deep, rows: 400_000 };
    expect(nextPlan(large, inMemory, 480)).toEqual({ streamed: true, maxBins: 32, share: 1 });
  });

  test("samples what fits where streaming doesn't, less after each failure, and gives up below 1,000 rows", () => {
    const many = { ...shallow, rows: 20_000_000 };
    const sampled = nextPlan(many, inMemory, 1_000)!;
    expect(sampled).toMatchObject({ streamed: true, maxBins: 32 });
    expect(sampled.share).toBeGreaterThan(0.02);
    expect(mb(many, sampled)).toBeLessThanOrEqual(1_000);
    // The least is given up first: a fifth of the rows, where an attempt with all of them was thought to fit and didn't.
    const streamed = { streamed: true, maxBins: 32, share: 1 };
    const near = nextPlan({ ...shallow, rows: 1_500_000 }, streamed, 600)!;
    expect(near.share).toBeGreaterThan(0.5);
    expect(near.share).toBeLessThanOrEqual(0.8);
    const next = nextPlan(many, sampled, 1_000)!;
    expect(next.share).toBeLessThanOrEqual(sampled.share / 2);
    expect(nextPlan(many, inMemory, 100)).toBeNull();
  });
});
