import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import { until } from "@muster/infra/until.ts";
import type { Fairness } from "@muster/shared/domain/fairness.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { confirm } from "../support/signing.ts";
import { effectsOf, flatTable, standAs, stepOf, toolsDone } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

/** Loans without a key: women are granted less often, and the district tells whom. */
function loans(seed: number): string {
  const random = seededRandom(seed);
  const rows = Array.from({ length: 1500 }, () => {
    const woman = random() < 0.5;
    const north = random() < (woman ? 0.85 : 0.15);
    const income = Math.round(150_000 + random() * 300_000) / 100;
    const granted = income / 1500 - 2 + (north ? -0.7 : 0.3) + random() - 0.5 > 0;
    return `${woman ? "female" : "male"},${north ? "north" : "south"},${income},${granted ? "yes" : "no"}`;
  });
  return `gender,district,income,granted\n${rows.join("\n")}\n`;
}

/** Customers of whom `refund` is paid when they leave; `usage` goes with leaving a little. */
function customers(): string {
  const random = seededRandom(8);
  const rows = Array.from({ length: 600 }, (_, i) => {
    const usage = random() * 10;
    const gone = random() < 0.15 + 0.05 * usage;
    const refund = gone ? 20 + random() * 5 : random();
    return `c${i},${usage.toFixed(3)},${["basic", "plus", "pro"][i % 3]},${refund.toFixed(2)},${gone ? "yes" : "no"}`;
  });
  return `customer,usage,plan,refund,churn\n${rows.join("\n")}\n`;
}

type Told = { versions: { pin: string; why: string }[]; bytes: number; verdict: string };

describe("governance", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
  }, 120_000);
  afterAll(() => it?.stop());

  // First, while nothing else stands in the lake.
  describe("garbage on a schedule", () => {
    let old: string;

    const snapshot = (pin: string) => join(it.home, "lake", `${pin.replace("@", "/")}.parquet`);
    const load = async (rows: number) => {
      const text = `id,amount\n${Array.from({ length: rows }, (_, i) => `${i},${i / 2}`).join("\n")}\n`;
      const { body } = await it.owner.put("sales.csv", text);
      const { name, version } = (body as { datasets: { name: string; version: string }[] }).datasets[0]!;
      return `${name}@${version}`;
    };
    /** Schedules a call, makes it due and gives the request that came of it, as it rests. */
    async function scheduled(name: string, call: object): Promise<RequestView> {
      const set = await it.owner.call<{ output: { schedule: string } }>("pipeline.set_schedule", {
        ...{ name, call, cron: "0 4 * * 0" },
      });
      expect(set.status).toBe(200);
      const { schedule } = set.body.output;
      expect((await it.owner.call("pipeline.trigger_schedule", { schedule })).status).toBe(200);
      const id = await until(async () => {
        const { body } = await it.owner.http<{ requests: RequestView[] }>("GET", "/v1/requests?limit=50");
        const found = body.requests.find((request) => request.by === schedule);
        if (!found) throw new Error("the schedule's request hasn't come yet");
        return found.id;
      }, AbortSignal.timeout(60_000));
      return it.owner.settle(id);
    }

    beforeAll(async () => {
      old = await load(200);
      await load(300);
      const rule = { dataset: "sales", versions: 1, reason: "a test" };
      expect((await it.owner.call("governance.set_retention", rule)).status).toBe(200);
    }, 240_000);

    test("the plan is told on its day, to be read and agreed to by a person, and nothing goes", async () => {
      const view = await scheduled("weekly_garbage", { tool: "governance.plan_garbage", input: {} });
      expect(view).toMatchObject({ status: "succeeded", error: null });
      const told = view.plan.at(-1)!.output as Told;
      expect(told.versions).toMatchObject([{ pin: old }]);
      expect(told.verdict).toMatch(/^1 versions, .* would be freed/);
      expect(existsSync(snapshot(old))).toBe(true);
    }, 120_000);

    test("removal wants a person each time: a schedule of it ends without removing anything", async () => {
      const { body } = await it.owner.call<{ output: Told }>("governance.plan_garbage", {});
      const input = { remove: true, bytes: body.output.bytes };
      const view = await scheduled("weekly_removal", { tool: "governance.collect_garbage", input });
      expect(view).toMatchObject({ status: "failed", error: { code: "precondition_failed" } });
      expect(existsSync(snapshot(old))).toBe(true);
    }, 120_000);
  });

  test("a yes that was said while the planner was down is heard when it is up again, once", async () => {
    const byChance = (row: number) => ((row * 7919) % 100 < 35 ? "yes" : "no");
    expect((await it.owner.put("west.csv", flatTable(400, 7, byChance), { name: "west" })).status).toBe(201);
    const waiting = await it.owner.ask("predict churn in west", { name: "west_churn" });
    expect(waiting).toMatchObject({ status: "awaiting_approval", approval: { role: "approver" } });
    await it.swarm.stopProcess("planner");
    const door = await standAs(it, "gateway");
    try {
      const tool = "governance.decide_approval";
      const input = { approval: waiting.approval!.id, decision: "approve" };
      const eve = { person: "eve", roles: ["approver" as const] };
      // As the gateway does: whoever decides confirms, under the acceptance of whoever asked.
      const asked = (await door.evidence.ofRequest(waiting.id)).find(({ fact }) => fact === "request.accepted")!;
      const receipts = [asked.id, await confirm(door, waiting.id, tool, input, eve)];
      const more = { key: newId("key"), request: waiting.id, deadline: Date.now() + 30_000 };
      await call(door, { tool, input, receipts, ...more });
    } finally {
      await door.close();
    }
    await it.swarm.startProcess("planner");
    let view = await it.owner.settle(waiting.id);
    while (view.status === "awaiting_approval") {
      await new Promise((resolve) => setTimeout(resolve, 100));
      view = await it.owner.settle(waiting.id);
    }
    expect(view).toMatchObject({ status: "succeeded", approval: null, error: null });
    expect(await effectsOf(it.owner)).toMatchObject({ runs: 1, models: 1, deployments: 1 });
    const why = await it.owner.call<{ output: object }>("governance.explain_decision", { request: waiting.id }, true);
    expect(why.body.output).toMatchObject({
      approvals: [
        { role: "approver", state: "approved", decidedBy: "eve", content: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ],
    });
  }, 120_000);

  describe("a column that was known only with the answer", () => {
    test("is left out with its number, and comes back only when a person with the role confirms it", async () => {
      const { status } = await it.owner.put("leaving.csv", customers(), { name: "leaving" });
      expect(status).toBe(201);
      const first = await it.owner.ask("predict churn in leaving");
      expect(first).toMatchObject({ status: "succeeded", error: null });
      const dropped = first.answer!.model!.dropped!.find(({ name }) => name === "leaving.refund");
      expect(dropped).toMatchObject({ reason: expect.stringMatching(/leaking/), number: expect.closeTo(1, 2) });
      expect(first.answer!.model!.features!.map(({ name }) => name)).not.toContain("refund");
      const found = stepOf(first, "quality.find_leakage")!.output as { leaks: { column: string; by: string }[] };
      expect(found.leaks).toMatchObject([{ column: "leaving.refund", by: "strength" }]);

      const { problem } = stepOf(first, "ml.define_problem")!.output as { problem: { hash: string } };
      const input = { problem: problem.hash, column: "refund", reason: "refunds are booked a month ahead" };
      const analyst = await it.addPerson("lin", ["analyst"]);
      const before = await effectsOf(it.owner);
      expect(await analyst.call("quality.allow_column", input)).toMatchObject({ status: 403 });
      expect(await effectsOf(it.owner)).toEqual(before);
      const still = await it.owner.ask("train a model that predicts churn from leaving", { name: "still" });
      expect(still.answer!.model!.features!.map(({ name }) => name)).not.toContain("refund");

      expect(await it.owner.call("quality.allow_column", input)).toMatchObject({ status: 200 });
      const again = await it.owner.ask("train a model that predicts churn from leaving", { name: "allowed" });
      expect(again).toMatchObject({ status: "succeeded", error: null });
      expect(again.answer!.model!.features!.map(({ name }) => name)).toContain("refund");
      expect(again.answer!.model!.dropped!.map(({ name }) => name)).not.toContain("leaving.refund");
    }, 240_000);
  });

  test("a team's own rules keep a protected attribute out, compare by it all the same, and have a person look before it goes live", async () => {
    const folder = join(it.home, "policies");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "fair.cedar"),
      `@id("team.protected") @why("a protected attribute does not become a feature") @obligation("drop")
       forbid (principal, action == Action::"use_as_feature", resource) when { resource.classes.contains("protected") };
       @id("team.four_fifths") @why("outcome rates differ by more than four fifths") @obligation("approval:approver")
       forbid (principal, action == Action::"deploy", resource)
       when { context.environment == Environment::"local" && context.fairness has worst_ratio && context.fairness.worst_ratio.lessThan(decimal("0.8")) }
       unless { context.approvals.contains(Role::"approver") };`,
    );
    expect((await it.owner.put("loans.csv", loans(5), { name: "loans" })).status).toBe(201);
    const before = await effectsOf(it.owner);
    const view = await it.owner.ask("predict granted in loans", { name: "loan_granted" });
    expect(view.error).toBeNull();
    expect(view).toMatchObject({ status: "awaiting_approval", approval: { role: "approver" } });
    expect(toolsDone(view)).not.toContain("ml.deploy_model");
    expect((await effectsOf(it.owner)).deployments).toBe(before.deployments);
    const features = stepOf(view, "ml.suggest_features")!.output as { features: object[]; dropped: { name: string }[] };
    expect(JSON.stringify(features.features)).not.toContain("gender");
    expect(features.dropped.map(({ name }) => name)).toContain("loans.gender");
    const fairness = stepOf(view, "ml.assess_fairness")!.output as Fairness;
    const [gender] = fairness.attributes;
    expect(gender).toMatchObject({ attribute: "loans.gender", isFeature: false });
    expect(gender!.groups.map(({ group }) => group)).toEqual(["female", "male"]);
    expect(gender!.groups.reduce((sum, { rows }) => sum + rows, gender!.unnamed)).toBe(fairness.rows);
    expect(gender!.ratio!.value).toBeLessThan(0.8);
    // The district is right in 85 %: alone an AUC of 0.85.
    expect(gender!.alone[0]).toMatchObject({ features: ["district"] });
    expect(Math.abs(gender!.alone[0]!.rocAuc.value - 0.85)).toBeLessThan(0.04);
    await it.owner.http("POST", `/v1/requests/${view.id}/approve`, {});
    let live = await it.owner.settle(view.id);
    while (live.status === "awaiting_approval") live = await it.owner.settle(view.id);
    expect(live).toMatchObject({ status: "succeeded" });
    const card = await it.owner.call<{ output: { items: number; sections: { title: string; items: number }[] } }>(
      "governance.write_model_card",
      { model: "loan_granted" },
    );
    expect(card.status).toBe(200);
    expect(card.body.output.sections.map(({ title }) => title)).toEqual([
      "Model",
      "Intended use",
      "Data",
      "Performance on the sealed hold-out",
      "Fairness",
      "Features",
      "Policies and approvals",
      "Cost",
      "Deployment and monitoring",
    ]);
    const at = new Date().toISOString();
    const then = await it.owner.call<{ output: { live: { deployment: string }[] } }>(
      "governance.what_was_live",
      { at },
      true,
    );
    expect(then.body.output.live.find(({ deployment }) => deployment === "loan_granted")).toMatchObject({
      approved: { by: "owner" },
      fairness: { worstRatio: fairness.worstRatio },
      evaluated: { metrics: { roc_auc: expect.any(Number) } },
      cost: { actualUsd: expect.any(Number) },
    });
  }, 120_000);
});
