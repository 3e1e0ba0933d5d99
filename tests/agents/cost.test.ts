import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { type CostDeps, cost } from "@muster/cost/index.ts";
import { freeUnused, settleEvents } from "@muster/cost/ledger/settle-events.ts";
import { usd } from "@muster/cost/price.ts";
import { until } from "@muster/infra/until.ts";
import type { Estimate } from "@muster/shared/domain/estimate.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { accept, askFrom, confirm, sign, type Terms } from "../support/signing.ts";

type Reserved = FactValue<"budget.reserved"> & { verdict: string };
type Spent = {
  reservedUsd: number;
  spentUsd: number;
  cpuSeconds: number;
  byRequest: { state: string; outcome: string | null; usd: number; reservation: string }[];
  usd: number | null;
};

const problem = flatProblem();
const training = `flat_training@${"1".repeat(64)}`;
const about = { problem: problem.hash, view: "v1", training };
const estimate: Estimate = {
  cpuSeconds: { low: 30, mid: 60, high: 120 },
  memoryMb: { low: 200, mid: 300, high: 400 },
  seconds: { low: 15, mid: 30, high: 60 },
  usd: { low: 0.0005, mid: 0.001, high: 0.002 },
  basedOn: { runs: 0, prior: true, error: null },
};

describe("the cost agent on real servers", () => {
  let bench: Bench;
  let [door, ml, quality, planner, own] = [] as unknown as [Process, Process, Process, Process, Process];
  let deps: CostDeps;
  let clock = new Date("2026-11-20T10:00:00.000Z");
  let estimated: string;
  let requests = 0;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...["cost", "ml", "quality", "catalog", "planner"].map((name) => ({
        name,
        kind: "agent" as const,
        of: name,
        file: "",
      })),
    ]);
    door = await bench.process("gateway");
    ml = await bench.process("ml");
    quality = await bench.process("quality");
    planner = await bench.process("planner");
    own = await bench.process("cost", { now: () => clock });
    const opened = await cost.open(own);
    deps = opened.deps as CostDeps;
    stops.push(await serve({ process: own, agent: cost, opened }, null));
    // Signed by cost itself, so that the figures are known.
    estimated = await sign(own, "training.estimated", about, estimate);
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  const settling = () => ({
    store: deps.store,
    evidence: own.evidence,
    log: own.log,
    now: own.now,
    prices: deps.prices,
  });
  const spend = async (request?: string, more = {}) =>
    (await askFrom(door, { tool: "cost.get_spend", input: { ...(request && { request }), ...more } })).output as Spent;

  async function reserve(terms: Terms = {}): Promise<{ request: string; reserved: Reserved; receipt: string }> {
    const request = `req_${++requests}`;
    const receipts = [
      await accept(door, request, terms),
      await sign(ml, "problem.defined", { problem: problem.hash }, problem),
      estimated,
    ];
    const reply = await askFrom(door, { tool: "cost.check_budget", receipts, request });
    return { request, reserved: reply.output as Reserved, receipt: reply.given[0]!.id };
  }
  async function setBudget(input: Record<string, unknown>): Promise<void> {
    const request = `req_${++requests}`;
    const receipts = [await accept(door, request), await confirm(door, request, "cost.set_budget", input)];
    await askFrom(door, { tool: "cost.set_budget", input, receipts, request });
  }
  const finished = (request: string, reservation: string, more = {}) => ({
    ...{ run: `run_${request}`, request, reservation, cpuSeconds: 50, seconds: 25, peakMemoryMb: 512 },
    ...{ algorithm: "xgboost", rows: 7043, columns: 40, rounds: 400, folds: 5, threads: 2 },
    ...more,
  });
  const emit = (by: Process, event: string, payload: object) =>
    by.evidence.store.emit(by.evidence.store.db, event, payload);
  /** Settles until something holds: an event is read once no running transaction can precede it. */
  const settledWhen = (holds: () => Promise<boolean>) =>
    until(async () => {
      await settleEvents(settling());
      if (!(await holds())) throw new Error("not settled yet");
    }, AbortSignal.timeout(10_000));

  test("makes the price table with prices that aren't zero, and reads it anew", async () => {
    const file = join(bench.home, "prices.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ coreHourUsd: 0.04, gbHourUsd: 0.005 });
    const use = { cpuSeconds: 3600, memoryMb: 1024, seconds: 3600 };
    expect((await spend(undefined, { use })).usd).toBeCloseTo(0.045, 9);
    writeFileSync(file, JSON.stringify({ coreHourUsd: 0.08, gbHourUsd: 0 }));
    expect((await spend(undefined, { use })).usd).toBeCloseTo(0.08, 9);
    writeFileSync(file, JSON.stringify({ coreHourUsd: 0.04, gbHourUsd: 0.005 }));
  });

  test("keeps the speed measured at the first start", async () => {
    const again = (await cost.open(own)).deps as CostDeps;
    expect(again.speed).toEqual(deps.speed);
    expect(deps.speed.gatherNs).toBeGreaterThan(0);
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
      quality,
      "training_set.passed",
      { ...about, scope: [] },
      { training, rows: 7043, positives: 1800, checks: [], dropped: [] },
    );
    const run = async (learningRate: number) => {
      const receipts = [await sign(ml, "candidates.chosen", about, chosen(learningRate)), set];
      return (await askFrom(door, { tool: "cost.estimate_training", receipts })).output as Estimate;
    };
    const few = await run(0.2);
    const many = await run(0.02);
    expect(few.basedOn).toEqual({ runs: 0, prior: true, error: null });
    expect(many.cpuSeconds.mid).toBeGreaterThan(2 * few.cpuSeconds.mid);
    expect(few.usd.low).toBeLessThan(few.usd.mid);
    await expect(askFrom(door, { tool: "cost.estimate_training" })).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["candidates.chosen", "training_set.passed"] },
    });
  });

  test("reserves with room above the estimate where no budget applies, and CPU-seconds that the money buys", async () => {
    const { reserved, request } = await reserve();
    expect(reserved.limitUsd).toBeCloseTo(4 * estimate.usd.high, 12);
    expect(reserved.estimatedUsd).toBe(estimate.usd.mid);
    const paid = usd(await deps.prices(), {
      ...{ cpuSeconds: reserved.limitCpuSeconds, memoryMb: estimate.memoryMb.high },
      seconds: (reserved.limitCpuSeconds * estimate.seconds.mid) / estimate.cpuSeconds.mid,
    });
    expect(paid).toBeLessThanOrEqual(reserved.limitUsd * (1 + 1e-9));
    expect(reserved.limitMemoryMb).toBeGreaterThanOrEqual(1024);
    expect((await spend(request)).reservedUsd).toBeCloseTo(reserved.limitUsd, 12);
  });

  test("holds a request's own budget hard, and reserves nothing where the middle doesn't fit", async () => {
    const tight = await reserve({ budgetUsd: 0.0015 });
    expect(tight.reserved.limitUsd).toBe(0.0015);
    await expect(reserve({ budgetUsd: 0.0009 })).rejects.toMatchObject({
      code: "over_budget",
      data: { budget: "request", remainsUsd: 0.0009 },
    });
    expect((await spend(`req_${requests}`)).byRequest).toEqual([]);
  });

  test("holds a team's budget over its members, and nobody else's", async () => {
    await setBudget({ scope: "team", subject: "risk", period: "month", limitUsd: 0.0095, members: ["bea", "carl"] });
    expect((await reserve({ person: "bea" })).reserved.limitUsd).toBeCloseTo(0.008, 12);
    expect((await reserve({ person: "carl" })).reserved.limitUsd).toBeCloseTo(0.0015, 9);
    await expect(reserve({ person: "bea" })).rejects.toMatchObject({ code: "over_budget" });
    expect((await reserve({ person: "dora" })).reserved.limitUsd).toBeCloseTo(0.008, 12);
    await setBudget({ scope: "team", subject: "risk", period: "month", limitUsd: null, members: [] });
    expect((await reserve({ person: "bea" })).reserved.limitUsd).toBeCloseTo(0.008, 12);
  });

  test("of many who reserve at once from one budget only as much is reserved as it has", async () => {
    await setBudget({ scope: "user", subject: "eve", period: "total", limitUsd: 0.01 });
    const came = await Promise.allSettled(Array.from({ length: 6 }, () => reserve({ person: "eve" })));
    const codes = came.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : "reserved"));
    const total = came.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value.reserved.limitUsd : 0), 0);
    expect(new Set(codes)).toEqual(new Set(["reserved", "over_budget"]));
    expect(total).toBeLessThanOrEqual(0.01 + 1e-12);
    const { rows } = await own.pool.query("select sum(usd) as usd from cost.spend where person = 'eve'");
    expect(rows[0].usd).toBeCloseTo(total, 12);
  });

  test("turns a finished run's reservation into what was spent, once, and learns from it", async () => {
    const { request, reserved } = await reserve();
    const payload = finished(request, reserved.reservation);
    await emit(ml, "ml.run_finished", payload);
    await emit(ml, "ml.run_finished", { ...payload, cpuSeconds: 9999 });
    await settledWhen(async () => (await spend(request)).reservedUsd === 0);
    await emit(ml, "ml.run_finished", { ...payload, cpuSeconds: 7777 });
    await settleEvents(settling());
    const after = await spend(request);
    const price = usd(await deps.prices(), { cpuSeconds: 50, memoryMb: 512, seconds: 25 });
    expect(after.spentUsd).toBeCloseTo(price, 12);
    expect(after.byRequest).toMatchObject([{ state: "spent", outcome: "finished", usd: after.spentUsd }]);
    expect(await deps.store.runs.finished(10)).toEqual([
      [expect.objectContaining({ algorithm: "xgboost", rounds: 400, cpuSeconds: 50, seconds: 25 })],
    ]);
  });

  test("learns from each part of a run that was measured by itself", async () => {
    const { request, reserved } = await reserve();
    const part = { rows: 7043, columns: 40, folds: 5, threads: 2 };
    const works = [
      { ...part, algorithm: "linear", rounds: 90, cpuSeconds: 3 },
      { ...part, algorithm: "random_forest", rounds: 100, cpuSeconds: 20, peakMemoryMb: 300 },
    ];
    await emit(ml, "ml.run_finished", finished(request, reserved.reservation, { works }));
    await settledWhen(async () => (await spend(request)).reservedUsd === 0);
    expect(
      (await deps.store.runs.finished(2)).flat().map((run) => [run.algorithm, run.cpuSeconds, run.peakMemoryMb]),
    ).toEqual([
      ["linear", 3, 512],
      ["random_forest", 20, 300],
    ]);
  });

  test("a failed training frees what it reserved but for what it used, and teaches nothing", async () => {
    const { request, reserved, receipt } = await reserve();
    const before = await deps.store.runs.finished(100);
    await ml.evidence.store.consume(ml.evidence.store.db, receipt, `${request}:s9:1`);
    const failure = { key: `${request}:s9:1`, request, code: "over_budget", cpuSeconds: 36 };
    await emit(ml, "ml.train_model_failed", failure);
    await settledWhen(async () => (await spend(request)).reservedUsd === 0);
    const after = await spend(request);
    expect(after.spentUsd).toBeCloseTo(0.0004, 9);
    expect(after.byRequest).toMatchObject([{ outcome: "over_budget", reservation: reserved.reservation }]);
    expect(await deps.store.runs.finished(100)).toEqual(before);
  });

  test("takes no process's word but ml's, and a broken event doesn't stand in the way", async () => {
    const { request, reserved } = await reserve();
    await emit(quality, "ml.run_finished", finished(request, reserved.reservation, { cpuSeconds: 0 }));
    await emit(ml, "ml.run_finished", { nonsense: true });
    const next = await reserve();
    await emit(ml, "ml.run_finished", finished(next.request, next.reserved.reservation));
    await settledWhen(async () => (await spend(next.request)).reservedUsd === 0);
    expect((await spend(request)).reservedUsd).toBeCloseTo(reserved.limitUsd, 12);
  });

  test("frees a reservation that no step used once its acceptance has expired, and none that a step used", async () => {
    const unused = await reserve();
    const used = await reserve();
    await ml.evidence.store.consume(ml.evidence.store.db, used.receipt, `${used.request}:s9:1`);
    const before = clock;
    clock = new Date(clock.getTime() + 26 * 3600_000);
    expect(await freeUnused(settling())).toBeGreaterThan(0);
    clock = before;
    expect((await spend(unused.request)).byRequest).toMatchObject([{ outcome: "unused", usd: 0 }]);
    expect((await spend(used.request)).reservedUsd).toBeGreaterThan(0);
  });

  test("a request that ended frees what it reserved and no step used, and only the planner can say so", async () => {
    const unused = await reserve();
    const used = await reserve();
    await ml.evidence.store.consume(ml.evidence.store.db, used.receipt, `${used.request}:s9:1`);
    await emit(quality, "planner.request_ended", { request: unused.request, status: "failed" });
    await emit(planner, "planner.request_ended", { request: used.request, status: "cancelled" });
    const last = await reserve();
    await emit(planner, "planner.request_ended", { request: last.request, status: "failed" });
    await settledWhen(async () => (await spend(last.request)).reservedUsd === 0);
    expect((await spend(last.request)).byRequest).toMatchObject([{ outcome: "unused", usd: 0 }]);
    expect((await spend(used.request)).reservedUsd).toBeGreaterThan(0);
    expect((await spend(unused.request)).reservedUsd).toBeGreaterThan(0);
    await emit(planner, "planner.request_ended", { request: unused.request, status: "failed" });
    await settledWhen(async () => (await spend(unused.request)).reservedUsd === 0);
  });

  test("only an administrator's signature over exactly this sets a budget, and nonsense has its code", async () => {
    const request = "req_budget";
    const input = { scope: "user", subject: "eve", period: "total", limitUsd: 1000 };
    const call = async (signature: string, given = input) =>
      askFrom(door, {
        tool: "cost.set_budget",
        input: given,
        receipts: [await accept(door, request), signature],
        request,
      });
    const tool = "cost.set_budget";
    await expect(
      call(await confirm(door, request, tool, input, { roles: ["engineer", "approver"] })),
    ).rejects.toMatchObject({ code: "denied" });
    await expect(call(await confirm(door, request, tool, { ...input, limitUsd: 1 }))).rejects.toMatchObject({
      code: "precondition_failed",
    });
    await expect(call(await confirm(door, request, tool, input), { ...input, limitUsd: -1 })).rejects.toMatchObject({
      code: "invalid_input",
      data: { issues: [{ path: "limitUsd" }] },
    });
    const odd = { ...input, scope: "everyone" };
    await expect(call(await confirm(door, request, tool, odd), odd)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(askFrom(door, { tool: "cost.get_spend", input: { limit: 0 } })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });
});
