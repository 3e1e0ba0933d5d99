import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asSuperuser, effectsOf, flatTable, stepOf, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

type Interval = { low: number; mid: number; high: number };
type Spent = {
  reservedUsd: number;
  spentUsd: number;
  cpuSeconds: number;
  byRequest: {
    state: string;
    outcome: string | null;
    usd: number;
    reservedUsd: number;
    cpuSeconds: number;
    run: string | null;
  }[];
  accuracy: { runs: number; cpuSeconds: { medianAbsoluteError: number | null } };
};

describe("what a request costs", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
  }, 120_000);
  afterAll(() => it?.stop());

  const put = async (name: string, text: string) =>
    expect((await it.owner.put(`${name}.csv`, text, { name })).status).toBe(201);
  const call = async <T>(tool: string, input: object): Promise<T> => {
    const { status, body } = await it.owner.call(tool, input);
    expect([tool, status, body]).toEqual([tool, 200, expect.anything()]);
    return body.output as T;
  };
  /** What stands in the ledger of a request once nothing of it is reserved any more. */
  const settled = async (request: string): Promise<Spent> => {
    for (;;) {
      const spent = await call<Spent>("cost.get_spend", { request });
      if (spent.reservedUsd === 0) return spent;
    }
  };
  let first: string;

  test("is planned without being done, estimated whole, then done, and explained", async () => {
    await put("north", flatTable(1500, 3));
    const planned = await it.owner.ask("predict churn in north", { autonomy: "observe" });
    expect(planned.status).toBe("succeeded");
    expect(toolsDone(planned)).toEqual([]);
    // The plan is told with the event of the request's end, which is read a moment later.
    const whole = async () => it.owner.call("cost.estimate_request", { request: planned.id });
    let answer = await whole();
    while (answer.status === 404) answer = await whole();
    const estimated = answer.body.output as {
      usd: Interval;
      seconds: Interval;
      cpuSeconds: Interval;
      steps: { tool: string }[];
    };
    expect(estimated.steps.map(({ tool }) => tool)).toContain("ml.train_model");

    const done = await it.owner.ask("predict churn in north", { name: "north_churn" });
    expect(done.status).toBe("succeeded");
    first = done.id;
    const spent = await settled(first);
    expect(spent.byRequest).toMatchObject([{ state: "spent", outcome: "finished" }]);
    expect(spent.cpuSeconds).toBeCloseTo(done.answer!.cost!.actualCpuSeconds, 6);
    expect(spent.cpuSeconds).toBeLessThanOrEqual(estimated.cpuSeconds.high);
    expect(spent.accuracy.runs).toBe(1);
    const explained = await call<{
      candidates: { algorithm: string; learnedFrom: number; rounds: { seenOfProblem: number } | null }[];
    }>("cost.explain_estimate", { run: spent.byRequest[0]!.run });
    const boosted = explained.candidates.filter(({ algorithm }) => algorithm === "xgboost");
    expect(boosted.length).toBeGreaterThan(0);
    for (const { rounds, learnedFrom } of boosted) {
      expect(learnedFrom).toBeGreaterThan(0);
      expect(rounds!.seenOfProblem).toBe(1);
    }
  }, 180_000);

  test("tables that it read were used; what it wrote can be made again at a price", async () => {
    type Saving = { dataset: string; kind: string; lastUse: object | null; rebuildUsd: number | null };
    const { datasets } = await call<{ datasets: Saving[] }>("cost.estimate_savings", {});
    expect(datasets.find(({ dataset }) => dataset === "north")).toMatchObject({
      lastUse: expect.anything(),
      rebuildUsd: null,
    });
    expect(datasets.find(({ kind }) => kind === "features")!.rebuildUsd).toBeGreaterThan(0);
  });

  test("a training that would cost more than was reserved is stopped, is told what it spent, and leaves nothing", async () => {
    // A history that lies: as if trainings took next to nothing.
    await asSuperuser(
      it,
      `update cost.run set cpu_seconds = cpu_seconds / 200, seconds = seconds / 200;
       insert into cost.run (run, part, algorithm, rows, columns, rounds, folds, threads, parameters, data, kept_rounds, cpu_seconds, peak_memory_mb, seconds, at)
       select run || n, part, algorithm, rows, columns, rounds, folds, threads, parameters, data, kept_rounds, cpu_seconds, peak_memory_mb, seconds, at
       from cost.run, generate_series(1, 30) n order by n, seq`,
    );
    await put("south", flatTable(1500, 4));
    const before = await effectsOf(it.owner);
    const view = await it.owner.ask("predict churn in south", { name: "south_churn" });
    expect(view).toMatchObject({ status: "failed", error: { code: "over_budget" } });
    expect(view.error!.message).toMatch(/CPU-seconds were spent by then/);
    const limit = (stepOf(view, "cost.check_budget")!.output as { limitCpuSeconds: number }).limitCpuSeconds;
    const { byRequest, spentUsd } = await settled(view.id);
    expect(byRequest).toMatchObject([{ state: "spent", outcome: "over_budget", run: null }]);
    expect(byRequest[0]!.cpuSeconds).toBeGreaterThan(limit);
    // Two seconds of grace for the process's own start and answer, and a tenth until somebody looks, on two threads.
    expect(byRequest[0]!.cpuSeconds).toBeLessThan(limit + 3);
    expect(spentUsd).toBeGreaterThan(0);
    expect(toolsDone(view)).not.toContain("ml.register_model");
    const { models, deployments } = await effectsOf(it.owner);
    expect({ models, deployments }).toEqual({ models: before.models, deployments: before.deployments });
    expect((await settled(first)).byRequest).toHaveLength(1);
  }, 120_000);

  test("a budget that the middle of the estimate doesn't fit in stops before the training begins", async () => {
    await call("cost.set_budget", { scope: "request", period: "total", limitUsd: 0 });
    const view = await it.owner.ask("predict churn in south", { name: "south_churn" });
    expect(view).toMatchObject({
      status: "failed",
      error: { code: "over_budget", message: expect.stringContaining("this request") },
    });
    expect(toolsDone(view)).not.toContain("ml.train_model");
    expect((await settled(view.id)).byRequest).toEqual([]);
  }, 120_000);
});
