import type { Process } from "@muster/bus/process.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { about, type Costs, openCosts, training } from "../support/costs.ts";
import { accept, askFrom, sign } from "../support/signing.ts";

type Reserved = FactValue<"search.reserved"> & { verdict: string };

describe("a budget for a search, on real servers", () => {
  let it: Costs;
  let pipeline: Process;
  beforeAll(async () => {
    it = await openCosts();
    pipeline = await it.bench.process("pipeline");
  });
  afterAll(() => it?.stop());

  const problem = flatProblem();
  const scope: string[] = [];
  /** Reserves for a search on 5,000 rows by 12 columns. */
  async function reserve(input: Record<string, unknown>, request = it.next(), budgetUsd: number | null = null) {
    const receipts = [
      await accept(it.door, request, { budgetUsd }),
      await sign(it.ml, "problem.defined", { problem: problem.hash }, problem),
      await sign(
        it.quality,
        "training_set.passed",
        { ...about, scope },
        { training, rows: 5_000, positives: 1_000, checks: [], dropped: [] },
      ),
      await sign(
        pipeline,
        "features.materialized",
        { ...about, scope },
        {
          ...{ role: "training", dataset: training, rows: 5_000, asOf: null },
          columns: Array.from({ length: 12 }, (_, i) => ({ name: `c${i}`, type: "number" as const })),
        },
      ),
    ];
    const reply = await askFrom(it.door, { tool: "cost.reserve_search", input, receipts, request });
    return { request, reserved: reply.output as Reserved, receipt: reply.given[0]!.id };
  }

  test("more settings are more, and the final training is in it", async () => {
    const few = (await reserve({ trials: 5 })).reserved;
    const many = (await reserve({ trials: 500 })).reserved;
    expect(many.estimatedCpuSeconds).toBeGreaterThan(10 * few.estimatedCpuSeconds);
    expect((await reserve({ trials: 1 })).reserved.estimatedCpuSeconds).toBeGreaterThan(few.estimatedCpuSeconds / 5);
    expect(few.trials).toBe(5);
    expect(few.limitCpuSeconds).toBeGreaterThan(few.estimatedCpuSeconds);
  });

  test("no more is reserved than was asked for, in CPU-seconds or in USD, and one buys the other", async () => {
    const whole = (await reserve({})).reserved;
    const short = (await reserve({ cpuSeconds: whole.limitCpuSeconds / 10 })).reserved;
    expect(short.limitCpuSeconds).toBeCloseTo(whole.limitCpuSeconds / 10, 6);
    expect(short.limitUsd).toBeCloseTo(whole.limitUsd / 10, 9);
    const cheap = (await reserve({ usd: whole.limitUsd / 4 })).reserved;
    expect(cheap.limitUsd).toBeCloseTo(whole.limitUsd / 4, 9);
    expect(cheap.limitCpuSeconds).toBeCloseTo(whole.limitCpuSeconds / 4, 6);
  });

  test("a request's own budget limits it too, and refuses what doesn't fit", async () => {
    const whole = (await reserve({})).reserved;
    const own = (await reserve({}, it.next(), whole.limitUsd / 2)).reserved;
    expect(own.limitUsd).toBeLessThanOrEqual(whole.limitUsd / 2 + 1e-12);
    await expect(reserve({ trials: 1000 }, it.next(), 0.0001)).rejects.toMatchObject({ code: "over_budget" });
  });

  test("a search that ended is settled at what it used; one that failed too", async () => {
    const outcomeOf = async (request: string) => (await it.spend(request)).byRequest[0]!;
    const { request, receipt } = await reserve({});
    const store = it.ml.evidence.store;
    await store.consume(store.db, receipt, "key-1");
    const used = { cpuSeconds: 40, seconds: 20, peakMemoryMb: 256 };
    await it.emit(it.ml, "ml.search_finished", { search: "search_1", key: "key-1", request, ...used });
    await it.settledWhen(async () => (await outcomeOf(request)).outcome === "searched");
    expect(await outcomeOf(request)).toMatchObject({ state: "spent" });
    // 40 s of a core at 0.04 USD an hour and 20 s of a quarter of a gigabyte at 0.005.
    expect((await outcomeOf(request)).usd).toBeCloseTo((40 * 0.04 + 20 * 0.25 * 0.005) / 3600, 9);

    const failed = await reserve({});
    await store.consume(store.db, failed.receipt, "key-2");
    await it.emit(it.ml, "ml.tune_model_failed", { key: "key-2", code: "cancelled", ...used, request: failed.request });
    await it.settledWhen(async () => (await outcomeOf(failed.request)).outcome === "cancelled");
  });

  test.each([
    ["no setting", { trials: 0 }],
    ["half a setting", { trials: 1.5 }],
    ["more settings than it may", { trials: 1001 }],
    ["0 CPU-seconds", { cpuSeconds: 0 }],
    ["less than nothing", { usd: -1 }],
  ])("%s is refused", async (_, input) => {
    await expect(reserve(input)).rejects.toMatchObject({ code: "invalid_input" });
  });
});
