import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterDecision, effectsOf, flatTable, lakeRows, stepOf, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

const nothing = { runs: 0, models: 0, deployments: 0, schedules: 0 };

describe("bad input", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
  }, 120_000);
  afterAll(() => it?.stop());

  const put = async (name: string, text: string) => {
    const { status, body } = await it.owner.put(`${name}.csv`, text, { name });
    expect([name, status, body]).toEqual([name, 201, expect.anything()]);
    return (body.datasets as { name: string; version: string }[])[0]!;
  };

  test.each([
    ["an empty file", "empty.csv", ""],
    ["a header alone", "header.csv", "usage,plan,churn\n"],
    ["a file of bytes that are no text", "bytes.csv", "a,b\n\u0000\u0001,\u0002\n"],
  ])("%s is refused and nothing is registered", async (_, file, text) => {
    const before = await effectsOf(it.owner);
    const { status, body } = await it.owner.put(file, text);
    expect([400, 422]).toContain(status);
    expect(body).toMatchObject({ error: { code: expect.stringMatching(/invalid_input|unfit/) } });
    expect(await effectsOf(it.owner)).toEqual(before);
  });

  test("a file that isn't there, or isn't in the inbox, is not found or refused", async () => {
    const gone = await it.owner.http("POST", "/v1/datasets", { file: "no_such.csv" });
    expect(gone).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
    const outside = await it.owner.http("POST", "/v1/datasets", { file: "../token" });
    expect(outside).toMatchObject({ status: 403, body: { error: { code: "denied" } } });
  });

  test.each([
    [
      "one column",
      "lonely",
      `amount\n${Array.from({ length: 200 }, (_, i) => i % 7).join("\n")}\n`,
      "amount",
      /no column beside amount/,
    ],
    ["a target with one class", "stayed", flatTable(200, 1, () => "no"), "churn", /one class only/],
    ["a target without a value", "unlabelled", flatTable(200, 2, () => ""), "churn", /no value in any row/],
  ])("%s can't be learned from: said plainly, and nothing is trained", async (_, name, text, target, says) => {
    await put(name, text);
    const view = await it.owner.ask(`predict ${target} in ${name}`);
    expect(view).toMatchObject({ status: "failed", answer: null });
    expect(view.error).toMatchObject({ code: "unfit", message: expect.stringMatching(says) });
    expect(toolsDone(view)).not.toContain("governance.clear_training");
    expect(await effectsOf(it.owner)).toMatchObject(nothing);
  });

  test("two tables that both fit are asked about, once", async () => {
    await put("north", flatTable(400, 3));
    await put("south", flatTable(400, 4));
    const asked = await it.owner.ask("predict customer churn");
    expect(asked).toMatchObject({ status: "awaiting_answer", plan: [] });
    expect(asked.question!.candidates.join(" ")).toMatch(/north/);
    expect(asked.question!.candidates.join(" ")).toMatch(/south/);
    expect(await effectsOf(it.owner)).toMatchObject(nothing);
    await it.owner.http("POST", `/v1/requests/${asked.id}/cancel`, {});
    expect(await it.owner.settle(asked.id)).toMatchObject({ status: "cancelled", question: null });
  });

  test("a spent budget refuses before anything is trained", async () => {
    const limit = (limitUsd: number) => ({ scope: "everyone", period: "month", limitUsd });
    expect((await it.owner.call("cost.set_budget", limit(0))).status).toBe(200);
    const view = await it.owner.ask("predict churn in north");
    expect(view).toMatchObject({ status: "failed", error: { code: "over_budget" } });
    expect(toolsDone(view)).not.toContain("ml.train_model");
    expect(await effectsOf(it.owner)).toMatchObject(nothing);
    expect((await it.owner.call("cost.set_budget", limit(10))).status).toBe(200);
  });

  test("with a gate's agent stopped the request names it; with it back the same request succeeds", async () => {
    await it.swarm.stopProcess("quality");
    const view = await it.owner.ask("predict churn in south");
    expect(view).toMatchObject({ status: "failed", error: { code: "unavailable" } });
    expect(JSON.stringify(view.error)).toContain("quality");
    expect(await effectsOf(it.owner)).toMatchObject(nothing);
    await it.swarm.startProcess("quality");
    const again = await it.owner.ask("predict churn in south");
    expect(again).toMatchObject({ status: "succeeded", error: null });
    expect(await effectsOf(it.owner)).toMatchObject({ runs: 1, models: 1, deployments: 1, schedules: 1 });
  }, 90_000);

  test("data that changed while a plan waited are never mixed with what was checked before", async () => {
    const first = await put("east", flatTable(400, 5));
    const waiting = await it.owner.ask("predict churn in east", { autonomy: "propose", name: "east_churn" });
    expect(waiting.status).toBe("awaiting_approval");
    const second = await put("east", flatTable(500, 6));
    expect(second.version).not.toBe(first.version);
    await it.owner.http("POST", `/v1/requests/${waiting.id}/approve`, {});
    const view = await afterDecision(it.owner, waiting.id);
    expect(view.status).toBe("succeeded");
    const { dataset } = stepOf(view, "pipeline.build_labels")!.output as { dataset: string };
    const labels = await lakeRows<{ n: number }>(it.home, dataset, "SELECT count(*)::DOUBLE AS n FROM $it");
    expect(labels[0]!.n).toBe(500);
    expect(view.answer!.predictions!.rows).toBe(500);
    const plan = JSON.stringify(view.plan);
    expect(plan).toContain(`east@${second.version}`);
    expect(plan).not.toContain(`east@${first.version}`);
  }, 90_000);

  test("data that changed after the training are not served by what was trained before", async () => {
    // What the columns say nothing of is exploratory, and waits for an approver.
    const byChance = (row: number) => ((row * 7919) % 100 < 35 ? "yes" : "no");
    await put("west", flatTable(400, 7, byChance));
    const waiting = await it.owner.ask("predict churn in west", { name: "west_churn" });
    expect(waiting).toMatchObject({ status: "awaiting_approval", approval: { role: "approver" } });
    const before = await effectsOf(it.owner);
    const { version } = await put("west", flatTable(400, 8));
    await it.owner.http("POST", `/v1/requests/${waiting.id}/approve`, {});
    const view = await afterDecision(it.owner, waiting.id);
    expect(view).toMatchObject({
      status: "failed",
      error: { code: "conflict", message: expect.stringContaining("west changed since it was checked") },
    });
    const { datasets, ...effects } = await effectsOf(it.owner);
    expect(effects).toEqual({ ...before, datasets: undefined });
    expect(datasets).toContain(`west@${version}`);
  }, 90_000);
});
