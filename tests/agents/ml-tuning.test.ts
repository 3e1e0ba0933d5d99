import { cancelRequest } from "@muster/bus/cancel.ts";
import { estimateMemoryMb, inMemory, memoryShapeOf } from "@muster/ml/training/memory-plan.ts";
import { doTrial } from "@muster/ml/tuning/do-trial.ts";
import { tunedCandidates } from "@muster/ml/tuning/run-search.ts";
import { type SearchPlan, trialsOf } from "@muster/ml/tuning/search.ts";
import { openTuningStore, type SearchSpec, type TuningStore } from "@muster/ml/tuning/store.ts";
import type { TrialJob } from "@muster/ml/tuning/trial-messages.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import type { Search } from "@muster/shared/domain/search.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type MlBench, output, type Shown, startMl, visitors } from "./trainable.ts";
import { reserveSearch } from "./tunable.ts";

let at: MlBench;
let tuning: TuningStore;
let pin: string;
beforeAll(async () => {
  at = await startMl();
  tuning = await openTuningStore(at.by.ml!.pool);
  pin = await at.load("guests", visitors(5));
}, 60_000);
afterAll(async () => {
  await at?.stop();
});

/** A request in which everything before a search stands. */
async function tunable(limits: Partial<FactValue<"search.reserved">> = {}): Promise<Shown> {
  const shown = await at.prepared(pin, { target: "gone" });
  await reserveSearch(at, shown, limits);
  return shown;
}

/** A search without what differs from run to run: its id, and what it took. */
const told = ({ candidates, board, trials, dropped, ended, seed, folds }: Search) => ({
  ...{ candidates, trials, dropped, ended, seed, folds },
  board: board.map(({ cpuSeconds: _, ...line }) => line),
});

describe("a search", () => {
  let shown: Shown;
  let found: Search & { verdict: string };
  let goals: unknown;
  beforeAll(async () => {
    shown = await tunable();
    const reply = await at.step("tune_model", shown, { trials: 12 });
    found = output<Search>(reply);
    goals = reply.next;
  }, 120_000);

  test("tells its leaderboard with the constant and the linear model: settings that were scored on every fold, no other", () => {
    expect(found.trials).toBe(12);
    expect(found.ended).toBe("trials");
    const algorithms = found.board.map(({ algorithm }) => algorithm);
    expect(algorithms).toEqual(expect.arrayContaining(["constant", "linear"]));
    expect(found.board.filter(({ trial }) => trial >= 2).length).toBe(12 - found.dropped - found.stopped);
    expect(found.dropped).toBeGreaterThan(0);
    const means = found.board.map(({ mean }) => mean);
    expect(means).toEqual(means.toSorted((a, b) => b - a));
    expect(found.board.find(({ algorithm }) => algorithm === "constant")!.mean).toBeCloseTo(0.5, 9);
    expect(found.board[0]!.mean).toBeGreaterThan(0.75);
    for (const { se } of found.board) expect(se).toBeGreaterThanOrEqual(0);
  });

  test("puts the constant, the linear model and the best setting of each algorithm forward", () => {
    expect(found.candidates.map(({ id }) => id)).toEqual(expect.arrayContaining(["constant", "linear"]));
    expect(found.candidates.some(({ id }) => id.endsWith("_tuned"))).toBe(true);
    for (const { reason } of found.candidates) expect(reason).not.toBe("");
  });

  test("says what budget is necessary and what would be enough, and what it used", async () => {
    expect(found.necessary.cpuSeconds).toBeGreaterThan(0);
    expect(found.sufficient!.trials).toBeGreaterThanOrEqual(found.necessary.trials);
    expect(found.spentCpuSeconds).toBeGreaterThan(0);
    expect(found.left.cpuSeconds).toBeCloseTo(300 - found.spentCpuSeconds, 6);
    expect(await tuning.lost(found.search)).toMatchObject({ again: 0, cpuSeconds: 0 });
    expect(found.verdict).toMatch(/12 settings tried/);
  });

  test("what it found is what is chosen from, trained inside what it left, and what the plan goes on with", async () => {
    expect(goals).toEqual(
      expect.arrayContaining([{ is: "candidates.chosen", newerThan: "request" }, { is: "model.registered" }]),
    );
    delete shown["candidates.chosen"];
    const chosen = output<FactValue<"candidates.chosen">>(await at.step("select_model", shown));
    expect(chosen.candidates.map(({ id }) => id)).toEqual(found.candidates.map(({ id }) => id));
    expect(chosen.search).toEqual({ search: found.search, left: found.left });
    const { board } = output<RunResult>(await at.step("train_model", shown));
    // An ensemble of them may be considered beside them.
    const names = board.flatMap(({ algorithm, parameters }) => (algorithm === "ensemble" ? [] : [parameters.setting]));
    expect(names).toEqual(found.candidates.map(({ id }) => id));
  }, 120_000);

  test("is the same for the same seed, and another for another", async () => {
    const again = output<Search>(await at.step("tune_model", await tunable(), { trials: 12 }));
    expect(told(again)).toEqual(told(found));
    const other = output<Search>(await at.step("tune_model", await tunable(), { trials: 12, seed: 99 }));
    expect(told(other).board).not.toEqual(told(found).board);
  }, 180_000);

  test("ends when its budget does, with room for the training", async () => {
    const short = await tunable({ limitCpuSeconds: 1.6 * found.spentCpuSeconds });
    const { spentCpuSeconds, left, ended, trials } = output<Search>(
      await at.step("tune_model", short, { trials: 90, cpuSeconds: 1.4 * found.spentCpuSeconds + 6 }),
    );
    expect(ended).toBe("budget");
    expect(trials).toBeLessThan(90);
    expect(spentCpuSeconds + left.cpuSeconds).toBeLessThanOrEqual(1.6 * found.spentCpuSeconds + 1e-9);
    delete short["candidates.chosen"];
    await at.step("select_model", short);
    const { cpuSeconds } = output<RunResult>(await at.step("train_model", short));
    expect(spentCpuSeconds + cpuSeconds).toBeLessThanOrEqual(1.6 * found.spentCpuSeconds);
  }, 180_000);
});

describe("what an asker fixes", () => {
  /** Searches and trains on what it found, both with the same options. */
  async function tuned(options: Record<string, unknown>) {
    const shown = await tunable();
    const found = output<Search>(await at.step("tune_model", shown, { trials: 6, ...options }));
    delete shown["candidates.chosen"];
    await at.step("select_model", shown);
    return { found, run: output<RunResult>(await at.step("train_model", shown, options)) };
  }

  test("holds for every trial as for the training: a wrong constraint costs both alike, and stands in the search", async () => {
    const free = (await tuned({})).found;
    const { found, run } = await tuned({ monotone: { tenure: 1 } });
    // Its label falls with tenure, which may only raise it.
    expect(found.board[0]!.mean).toBeLessThan(free.board[0]!.mean - 0.05);
    expect(Math.abs(found.board[0]!.mean - run.cv.roc_auc!.mean)).toBeLessThan(0.03);
    expect(found.options).toEqual(run.options);
    expect(found.options!.monotone).toMatchObject({ tenure: 1, spent_less_tenure: -1 });
    expect(free.options!.monotone).toEqual({});
  }, 180_000);

  test("categories as sets: the linear reference is left out with its reason, and trees are scored on sets", async () => {
    const { found, run } = await tuned({ categories: "native" });
    expect(found.leftOut).toEqual([{ algorithm: "linear", reason: expect.stringContaining("can't split on sets") }]);
    expect(found.board.map(({ algorithm }) => algorithm)).not.toContain("linear");
    expect(found.verdict).toContain("can't split on sets");
    expect(run.board.find(({ chosen }) => chosen)!.parameters.categories).toBe("native");
  }, 120_000);

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a class that isn't there", { classWeights: { maybe: 2 } }, /classes that the label hasn't got/],
    ["an order of a category", { monotone: { plan: 1 } }, /plan, which is a category/],
    ["an interval around a class", { coverage: 0.9 }, /around a number/],
  ])(
    "%s is refused before anything is tried",
    async (_, options, message) => {
      const shown = await tunable();
      await expect(at.step("tune_model", shown, options)).rejects.toMatchObject({ code: "invalid_input", message });
      const { rows } = await at.by.ml!.pool.query(`select id from ml.search where request = $1`, [shown.$request]);
      expect(rows).toEqual([]);
    },
    60_000,
  );
});

describe("a trial that needs more memory than it has", () => {
  test("is stopped with the reason; the search goes on and leaves the untuned candidates", async () => {
    const shown = await tunable({ limitMemoryMb: 60 });
    const found = output<Search>(await at.step("tune_model", shown, { trials: 3 }));
    expect(found).toMatchObject({ trials: 3, stopped: 3, board: [] });
    expect(found.stoppedFor).toEqual([{ trials: 5, why: expect.stringMatching(/more than its 60 MB of memory/) }]);
    expect(found.verdict).toMatch(/5 stopped for unfit: the setting needs more than its 60 MB/);
    expect(found.candidates.map(({ id }) => id)).toEqual(expect.arrayContaining(["linear", "xgboost_shallow"]));
  }, 120_000);

  test("is scored anew with fewer bins where its training would be given fewer, and put forward with those", async () => {
    const shape = { task: "binary", rows: 100_000, numbers: 20, categories: 0, classes: 2, minority: 9_000, folds: 3 };
    const plan = { seed: 1, trials: 1, together: 9, shape, algorithms: ["random_forest"] } as SearchPlan;
    const features = Array.from({ length: 20 }, (_, i) => ({ name: `f${i}`, type: "number" as const }));
    const point = { maxDepth: 12, minChildWeight: 1, lambda: 1, subsample: 0.5, columnsPerSplit: 0.5, maxBins: 256 };
    const needed = memoryShapeOf({ features, candidates: [{ params: { trees: point } } as never] }, shape.rows);
    const read: SearchSpec["read"] = {
      ...{ task: "binary", metric: "roc_auc", positive: null, features, folds: 3, seed: 1 },
      memoryLimitMb: 0.9 * estimateMemoryMb(needed, inMemory),
    };
    const id = "search_bins";
    const spec: SearchSpec = { plan, training: pin as DatasetPin, read };
    await tuning.begin({ id, spec, request: null, person: null, key: "k", at: "2026-07-01T00:00:00Z" });
    const work = { trial: 2, algorithm: "random_forest" as const, point, from: 0, to: 3, cpuSecondsLimit: 50 };
    await tuning.queue(id, [work], "2026-07-01T00:00:00Z");
    const asked: (number | null)[] = [];
    const processes = {
      close: () => {},
      score: async (
        _: unknown,
        { maxBins, from, to }: TrialJob,
        __: unknown,
        onFold: (score: number, cpu: number) => void,
      ) => {
        asked.push(maxBins);
        for (let fold = from; fold < to - (maxBins === null ? 1 : 0); fold++)
          onFold(maxBins === null ? 0.9 : 0.8, fold + 1);
        if (maxBins === null) throw fault("unfit", "too large", { limitMb: 1, cpuSeconds: 3 });
        return { cpuSeconds: 4, peakMemoryMb: 100 };
      },
    };
    const { log } = at.by.ml!;
    const worker = { tuning, processes, lake: at.lake, worker: "w", xgboostLibrary: null, log };
    await doTrial(`${id}/2/0`, new AbortController().signal, worker);
    expect(asked).toEqual([null, 32]);
    const [done] = await tuning.done(id);
    expect(done).toMatchObject({ scores: [0.8, 0.8, 0.8], cpuSeconds: 7, stopped: null, maxBins: 32 });
    const [, , tunedForest] = tunedCandidates(plan, trialsOf([done!]));
    expect(tunedForest).toMatchObject({
      name: "random_forest_tuned",
      params: { trees: { maxDepth: 12, maxBins: 32 } },
    });
    await tuning.end(id, "finished", "2026-07-01T00:00:01Z");
  }, 60_000);
});

describe("what a search must not do", () => {
  test.each([
    ["no setting", { trials: 0 }, /trials/],
    ["a budget of 0 CPU-seconds", { cpuSeconds: 0 }, /cpuSeconds/],
    ["a budget of 0 USD", { usd: 0 }, /usd/],
    ["an algorithm that isn't tuned", { algorithms: ["linear"] }, /algorithms/],
    ["no algorithm", { algorithms: [] }, /algorithms/],
  ])("take %s", async (_, input, said) => {
    const shown = await at.request();
    await expect(at.step("tune_model", shown, input)).rejects.toMatchObject({
      ...{ code: "invalid_input", message: expect.stringMatching(said) },
    });
  });

  test("run without receipts", async () => {
    await expect(at.step("tune_model", await at.request())).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: expect.arrayContaining(["search.reserved", "training.cleared", "training_set.passed"]) },
    });
  });

  test("begin where not even the first trials fit: it says what would do", async () => {
    const shown = await tunable({ limitCpuSeconds: 0.5 });
    await expect(at.step("tune_model", shown, { trials: 12 })).rejects.toMatchObject({
      code: "over_budget",
      message: expect.stringMatching(/a search needs about \d+ CPU s/),
      data: { hadCpuSeconds: 0.5, cpuSeconds: 0 },
    });
  }, 60_000);

  test("spend more USD than it is given now, though more was reserved", async () => {
    const shown = await tunable({ limitUsd: 1, limitCpuSeconds: 300 });
    await expect(at.step("tune_model", shown, { trials: 12, usd: 0.001 })).rejects.toMatchObject({
      ...{ code: "over_budget", data: { hadCpuSeconds: expect.closeTo(0.3, 6) } },
    });
  }, 60_000);

  test("go on once its request was cancelled", async () => {
    const shown = await tunable();
    const search = at.step("tune_model", shown, { trials: 200 });
    const ended = expect(search).rejects.toMatchObject({ code: "cancelled" });
    const newest = () =>
      at.by.ml!.pool.query<{ id: string; status: string; done: number; open: number }>(
        `select s.id, s.status, (count(*) filter (where t.done))::int as done, (count(*) filter (where not t.done))::int as open
         from ml.search s join ml.trial t on t.search = s.id where s.request = $1 group by s.id, s.status`,
        [shown.$request],
      );
    await vi.waitFor(async () => expect((await newest()).rows[0]!.done).toBeGreaterThan(2), { timeout: 60_000 });
    await cancelRequest(at.by.gateway!, shown.$request!);
    await ended;
    const { rows } = await newest();
    expect(rows[0]).toMatchObject({ status: "cancelled" });
    // Nobody takes what it left open.
    const [one] = (await at.by.ml!.pool.query(`select id from ml.trial where search = $1 and not done`, [rows[0]!.id]))
      .rows as { id: string }[];
    if (one) expect(await tuning.take(one.id, "somebody")).toBeNull();
  }, 120_000);
});
