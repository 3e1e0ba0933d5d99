import type { RunResult } from "@muster/shared/domain/model.ts";
import type { Search } from "@muster/shared/domain/search.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flatTable, stepOf, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

describe("tuning, asked for in words", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
    expect((await it.owner.put("south.csv", flatTable(1200, 4), { name: "south" })).status).toBe(201);
  }, 120_000);
  afterAll(() => it?.stop());

  test("a prediction over so many settings ends in a deployed model that was chosen from what was found", async () => {
    const view = await it.owner.ask("predict churn in south, try 9 settings");
    expect([view.status, view.error]).toEqual(["succeeded", null]);
    const done = toolsDone(view);
    const order = ["cost.reserve_search", "ml.tune_model", "ml.select_model", "cost.check_budget", "ml.train_model"];
    expect(done.filter((tool) => order.includes(tool))).toEqual(order);
    expect(done).toEqual(expect.arrayContaining(["ml.evaluate_model", "ml.deploy_model", "ml.predict"]));
    const found = stepOf(view, "ml.tune_model")!.output as Search;
    const trained = stepOf(view, "ml.train_model")!.output as RunResult;
    expect(found.trials).toBe(9);
    const raced = trained.board.filter(({ algorithm }) => algorithm !== "ensemble");
    expect(raced.map(({ parameters }) => parameters.setting)).toEqual(found.candidates.map(({ id }) => id));
    // One model was trained, and both reservations are settled at what was used.
    expect(view.plan.filter(({ tool }) => tool === "ml.train_model").length).toBe(1);
    for (;;) {
      const { body } = await it.owner.call<{
        output: { reservedUsd: number; byRequest: { outcome: string; usd: number }[] };
      }>("cost.get_spend", { request: view.id });
      if (body.output.reservedUsd > 0) continue;
      expect(body.output.byRequest.map(({ outcome }) => outcome).sort()).toEqual(["finished", "searched"]);
      for (const { usd } of body.output.byRequest) expect(usd).toBeGreaterThan(0);
      break;
    }
  }, 300_000);

  test("the tool alone, called with its missing needs chained, goes on to a registered model and deploys nothing", async () => {
    const { status, body } = await it.owner.call<{ output: Search; request: string }>("ml.tune_model", {
      ...{ dataset: "south", target: "plan", trials: 5, algorithms: ["xgboost"], classWeights: "balanced" },
    });
    expect([status, body]).toEqual([200, expect.anything()]);
    expect(body.output.trials).toBe(5);
    const view = await it.owner.settle(body.request);
    expect(view.status).toBe("succeeded");
    expect(toolsDone(view)).toEqual(expect.arrayContaining(["ml.register_model"]));
    expect(toolsDone(view)).not.toContain("ml.deploy_model");
    // What every setting was held to, the training that follows is held to as well.
    expect(body.output.options).toMatchObject({ classWeights: "balanced" });
    expect((stepOf(view, "ml.train_model")!.output as RunResult).options).toEqual(body.output.options);
  }, 300_000);

  test("a budget of nothing is refused before anything is done", async () => {
    const { status, body } = await it.owner.call("ml.tune_model", { dataset: "south", target: "churn", cpuSeconds: 0 });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toMatch(/cpuSeconds/);
  });
});
