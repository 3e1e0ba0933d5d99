import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call } from "@muster/bus/call.ts";
import { newId } from "@muster/bus/evidence.ts";
import type { Fairness } from "@muster/shared/domain/fairness.ts";
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

describe("governance", () => {
  let it: TestSwarm;
  beforeAll(async () => {
    it = await startSwarm();
  }, 120_000);
  afterAll(() => it?.stop());

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
