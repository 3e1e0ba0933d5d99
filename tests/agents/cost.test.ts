import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CostDeps, cost } from "@muster/cost/index.ts";
import { settleEvents } from "@muster/cost/ledger/settle-events.ts";
import { freeUnused } from "@muster/cost/ledger/settle-lost.ts";
import { defaultPrices, usd } from "@muster/cost/price.ts";
import type { Estimate } from "@muster/shared/domain/estimate.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { about, type Costs, estimate, finished, openCosts, training } from "../support/costs.ts";
import { accept, askFrom, confirm, sign } from "../support/signing.ts";

describe("the cost agent on real servers", () => {
  let it: Costs;
  beforeAll(async () => {
    it = await openCosts();
  });
  afterAll(() => it?.stop());

  test("makes the price table with prices that aren't zero, and reads it anew", async () => {
    const file = join(it.bench.home, "prices.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(defaultPrices);
    const use = { cpuSeconds: 3600, memoryMb: 1024, seconds: 3600 };
    expect((await it.spend(undefined, { use })).usd).toBeCloseTo(0.045, 9);
    writeFileSync(file, JSON.stringify({ coreHourUsd: 0.08, gbHourUsd: 0 }));
    expect((await it.spend(undefined, { use })).usd).toBeCloseTo(0.08, 9);
    writeFileSync(file, JSON.stringify(defaultPrices));
  });

  test("keeps the speed measured at the first start", async () => {
    const again = (await cost.open(it.own)).deps as CostDeps;
    expect(again.speed).toEqual(it.deps.speed);
    expect(it.deps.speed.gatherNs).toBeGreaterThan(0);
  });

  test("estimates from the benchmark first, from finished runs later, each candidate by its parameters", async () => {
    const chosen = (learningRate: number): FactValue<"candidates.chosen"> => ({
      ...{ rows: 7043, columns: 40, folds: 5, validation: "stratified" },
      candidates: [
        { id: "constant", algorithm: "constant", parameters: {}, reason: "" },
        { id: "xgboost", algorithm: "xgboost", parameters: { rounds: 1000, learningRate, maxDepth: 3 }, reason: "" },
      ],
    });
    const set = await sign(
      it.quality,
      "training_set.passed",
      { ...about, scope: [] },
      { training, rows: 7043, positives: 1800, checks: [], dropped: [] },
    );
    const run = async (learningRate: number) => {
      const receipts = [await sign(it.ml, "candidates.chosen", about, chosen(learningRate)), set];
      return (await askFrom(it.door, { tool: "cost.estimate_training", receipts })).output as Estimate;
    };
    const few = await run(0.2);
    const many = await run(0.02);
    expect(few.basedOn).toEqual({ runs: 0, prior: true, error: null });
    expect(many.cpuSeconds.mid).toBeGreaterThan(2 * few.cpuSeconds.mid);
    expect(few.usd.low).toBeLessThan(few.usd.mid);
    await expect(askFrom(it.door, { tool: "cost.estimate_training" })).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["candidates.chosen", "training_set.passed"] },
    });
  });

  test("reserves with room above the estimate where no budget applies, and CPU-seconds that the money buys", async () => {
    const { reserved, request } = await it.reserve();
    expect(reserved.limitUsd).toBeCloseTo(4 * estimate.usd.high, 12);
    expect(reserved.estimatedUsd).toBe(estimate.usd.mid);
    const paid = usd(await it.deps.prices(), {
      ...{ cpuSeconds: reserved.limitCpuSeconds, memoryMb: estimate.memoryMb.high },
      seconds: (reserved.limitCpuSeconds * estimate.seconds.mid) / estimate.cpuSeconds.mid,
    });
    expect(paid).toBeLessThanOrEqual(reserved.limitUsd * (1 + 1e-9));
    expect(reserved.limitMemoryMb).toBeGreaterThanOrEqual(1024);
    expect((await it.spend(request)).reservedUsd).toBeCloseTo(reserved.limitUsd, 12);
  });

  test("holds a request's own budget hard, and reserves nothing where the middle doesn't fit", async () => {
    const tight = await it.reserve({ budgetUsd: 0.0015 });
    expect(tight.reserved.limitUsd).toBe(0.0015);
    await expect(it.reserve({ budgetUsd: 0.0009 })).rejects.toMatchObject({
      code: "over_budget",
      data: { budget: "request", remainsUsd: 0.0009 },
    });
    expect((await it.spend(it.latest())).byRequest).toEqual([]);
  });

  test("holds a team's budget over its members, and nobody else's", async () => {
    await it.setBudget({ scope: "team", subject: "risk", period: "month", limitUsd: 0.0095, members: ["bea", "carl"] });
    expect((await it.reserve({ person: "bea" })).reserved.limitUsd).toBeCloseTo(0.008, 12);
    expect((await it.reserve({ person: "carl" })).reserved.limitUsd).toBeCloseTo(0.0015, 9);
    await expect(it.reserve({ person: "bea" })).rejects.toMatchObject({ code: "over_budget" });
    expect((await it.reserve({ person: "dora" })).reserved.limitUsd).toBeCloseTo(0.008, 12);
    await it.setBudget({ scope: "team", subject: "risk", period: "month", limitUsd: null, members: [] });
    expect((await it.reserve({ person: "bea" })).reserved.limitUsd).toBeCloseTo(0.008, 12);
  });

  test("of many who reserve at once from one budget only as much is reserved as it has", async () => {
    await it.setBudget({ scope: "user", subject: "eve", period: "total", limitUsd: 0.01 });
    const came = await Promise.allSettled(Array.from({ length: 6 }, () => it.reserve({ person: "eve" })));
    const codes = came.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : "reserved"));
    const total = came.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value.reserved.limitUsd : 0), 0);
    expect(new Set(codes)).toEqual(new Set(["reserved", "over_budget"]));
    expect(total).toBeLessThanOrEqual(0.01 + 1e-12);
    const { rows } = await it.own.pool.query("select sum(usd) as usd from cost.spend where person = 'eve'");
    expect(rows[0].usd).toBeCloseTo(total, 12);
  });

  test("turns a finished run's reservation into what was spent, once, and learns from it", async () => {
    const { request, reserved } = await it.reserve();
    const payload = finished(request, reserved.reservation);
    await it.emit(it.ml, "ml.run_finished", payload);
    await it.emit(it.ml, "ml.run_finished", { ...payload, cpuSeconds: 9999 });
    await it.settledWhen(async () => (await it.spend(request)).reservedUsd === 0);
    await it.emit(it.ml, "ml.run_finished", { ...payload, cpuSeconds: 7777 });
    await settleEvents(it.settling());
    const after = await it.spend(request);
    const price = usd(await it.deps.prices(), { cpuSeconds: 50, memoryMb: 512, seconds: 25 });
    expect(after.spentUsd).toBeCloseTo(price, 12);
    expect(after.byRequest).toMatchObject([{ state: "spent", outcome: "finished", usd: after.spentUsd }]);
    expect(await it.deps.store.runs.finished(10)).toEqual([
      [expect.objectContaining({ algorithm: "xgboost", rounds: 400, cpuSeconds: 50, seconds: 25 })],
    ]);
  });

  test("learns from each part of a run that was measured by itself", async () => {
    const { request, reserved } = await it.reserve();
    const part = { rows: 7043, columns: 40, folds: 5, threads: 2 };
    const works = [
      { ...part, algorithm: "linear", rounds: 90, cpuSeconds: 3 },
      { ...part, algorithm: "random_forest", rounds: 100, cpuSeconds: 20, peakMemoryMb: 300 },
    ];
    await it.emit(it.ml, "ml.run_finished", finished(request, reserved.reservation, { works }));
    await it.settledWhen(async () => (await it.spend(request)).reservedUsd === 0);
    expect(
      (await it.deps.store.runs.finished(2)).flat().map((run) => [run.algorithm, run.cpuSeconds, run.peakMemoryMb]),
    ).toEqual([
      ["linear", 3, 512],
      ["random_forest", 20, 300],
    ]);
  });

  test("a failed training frees what it reserved but for what it used, and teaches nothing", async () => {
    const { request, reserved, receipt } = await it.reserve();
    const before = await it.deps.store.runs.finished(100);
    await it.ml.evidence.store.consume(it.ml.evidence.store.db, receipt, `${request}:s9:1`);
    const failure = { key: `${request}:s9:1`, request, code: "over_budget", cpuSeconds: 36 };
    await it.emit(it.ml, "ml.train_model_failed", failure);
    await it.settledWhen(async () => (await it.spend(request)).reservedUsd === 0);
    const after = await it.spend(request);
    expect(after.spentUsd).toBeCloseTo(0.0004, 9);
    expect(after.byRequest).toMatchObject([{ outcome: "over_budget", reservation: reserved.reservation }]);
    expect(await it.deps.store.runs.finished(100)).toEqual(before);
  });

  test("takes no process's word but ml's, and a broken event doesn't stand in the way", async () => {
    const { request, reserved } = await it.reserve();
    await it.emit(it.quality, "ml.run_finished", finished(request, reserved.reservation, { cpuSeconds: 0 }));
    await it.emit(it.ml, "ml.run_finished", { nonsense: true });
    const next = await it.reserve();
    await it.emit(it.ml, "ml.run_finished", finished(next.request, next.reserved.reservation));
    await it.settledWhen(async () => (await it.spend(next.request)).reservedUsd === 0);
    expect((await it.spend(request)).reservedUsd).toBeCloseTo(reserved.limitUsd, 12);
  });

  test("frees a reservation that no step used once its acceptance has expired, and none that a step used", async () => {
    const unused = await it.reserve();
    const used = await it.reserve();
    await it.ml.evidence.store.consume(it.ml.evidence.store.db, used.receipt, `${used.request}:s9:1`);
    const before = it.clock.now;
    it.clock.now = new Date(it.clock.now.getTime() + 26 * 3600_000);
    expect(await freeUnused(it.settling())).toBeGreaterThan(0);
    it.clock.now = before;
    expect((await it.spend(unused.request)).byRequest).toMatchObject([{ outcome: "unused", usd: 0 }]);
    expect((await it.spend(used.request)).reservedUsd).toBeGreaterThan(0);
  });

  test("a request that ended frees what it reserved and no step used, and only the planner can say so", async () => {
    const unused = await it.reserve();
    const used = await it.reserve();
    await it.ml.evidence.store.consume(it.ml.evidence.store.db, used.receipt, `${used.request}:s9:1`);
    await it.emit(it.quality, "planner.request_ended", { request: unused.request, status: "failed" });
    await it.emit(it.planner, "planner.request_ended", { request: used.request, status: "cancelled" });
    const last = await it.reserve();
    await it.emit(it.planner, "planner.request_ended", { request: last.request, status: "failed" });
    await it.settledWhen(async () => (await it.spend(last.request)).reservedUsd === 0);
    expect((await it.spend(last.request)).byRequest).toMatchObject([{ outcome: "unused", usd: 0 }]);
    expect((await it.spend(used.request)).reservedUsd).toBeGreaterThan(0);
    expect((await it.spend(unused.request)).reservedUsd).toBeGreaterThan(0);
    await it.emit(it.planner, "planner.request_ended", { request: unused.request, status: "failed" });
    await it.settledWhen(async () => (await it.spend(unused.request)).reservedUsd === 0);
  });

  test("only an administrator's signature over exactly this sets a budget, and nonsense has its code", async () => {
    const request = "req_budget";
    const input = { scope: "user", subject: "eve", period: "total", limitUsd: 1000 };
    const call = async (signature: string, given = input) =>
      askFrom(it.door, {
        tool: "cost.set_budget",
        input: given,
        receipts: [await accept(it.door, request), signature],
        request,
      });
    const tool = "cost.set_budget";
    await expect(
      call(await confirm(it.door, request, tool, input, { roles: ["engineer", "approver"] })),
    ).rejects.toMatchObject({ code: "denied" });
    await expect(call(await confirm(it.door, request, tool, { ...input, limitUsd: 1 }))).rejects.toMatchObject({
      code: "precondition_failed",
    });
    await expect(call(await confirm(it.door, request, tool, input), { ...input, limitUsd: -1 })).rejects.toMatchObject({
      code: "invalid_input",
      data: { issues: [{ path: "limitUsd" }] },
    });
    const odd = { ...input, scope: "everyone" };
    await expect(call(await confirm(it.door, request, tool, odd), odd)).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(askFrom(it.door, { tool: "cost.get_spend", input: { limit: 0 } })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });
});
