import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expireApprovals } from "@muster/governance/approvals/expire.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Governed, problem, startGoverned, type Who } from "../support/governed.ts";
import { accept, askFrom, sign } from "../support/signing.ts";

const training = `contracts_training@${"1".repeat(64)}`;
const holdout = `contracts_holdout@${"2".repeat(64)}`;

const attribute = (name: string, ratio: number): FactValue<"model.fairness">["attributes"][number] => ({
  ...{ attribute: name, isFeature: true, bands: false, leastRows: 20, groups: [], unnamed: 0 },
  ...{ ratio: { value: ratio, low: ratio, high: ratio }, tprRatio: null, together: null, alone: [] },
});

describe("approvals and deployments on real servers", () => {
  let g: Governed;
  let clock: () => Date = () => new Date();
  beforeAll(async () => {
    g = await startGoverned(() => clock());
    for (const name of g.tables) await g.classify(name);
  });
  afterAll(() => g?.stop());

  /** Signs, as ml and cost, what a finished model leaves, under the clearance it was trained with. */
  const fair: FactValue<"model.fairness"> = {
    ...{ attributes: [], uncompared: [], rows: 20, method: "none" },
    ...{ worstRatio: null, worstTprRatio: null, worstProxyAuc: null },
  };
  async function model(
    request: string,
    exploratory: boolean,
    digit: string,
    { importance = "contracts.fee", fairness = fair }: { importance?: string; fairness?: typeof fair } = {},
  ) {
    const hash = digit.repeat(64);
    const base = { problem: problem.hash, view: "v1", training, model: hash };
    const run = { ...base, scope: g.scope, purpose: "analytics" };
    const reserved = await sign(
      g.by.cost,
      "budget.reserved",
      { request, person: "ada", problem: problem.hash, training },
      {
        ...{ reservation: "rsv_1", limitUsd: 0.01, limitCpuSeconds: 100, limitMemoryMb: 1024 },
        ...{ estimatedUsd: 0.002, estimatedCpuSeconds: 20 },
      },
      { request },
    );
    const result: FactValue<"run.finished"> = {
      ...{
        run: `run_${digit}`,
        model: hash,
        algorithm: "linear",
        task: "binary",
        classes: ["no", "yes"],
        threshold: 0.5,
      },
      ...{ beatsConstant: true, classCounts: [60, 40], constant: [0.6, 0.4], validation: "stratified" },
      ...{ cv: {}, baseline: {}, board: [], dropped: [], features: ["fee"], training, rows: 100, columns: 1, folds: 5 },
      artifacts: { onnx: hash, fitted: hash, oof: hash, boosters: [] },
      ...{ rounds: 10, seed: 7, threads: 1, engine: "", cpuSeconds: 3, seconds: 2, peakMemoryMb: 150 },
    };
    const evaluation: FactValue<"model.evaluated"> = {
      ...{ metrics: {}, intervals: {}, baseline: {}, look: 1, rows: 20, threshold: 0.5, calibration: null },
      ...{ exploratory, predictions: hash },
    };
    const explanation = {
      importance: [{ name: importance, importance: 1 }],
      byFeature: [],
      method: "linear",
      rows: 100,
    };
    const finished = await sign(g.by.ml, "run.finished", run, result, { uses: [reserved] });
    const registered = { name: "churn", version: Number(digit), hash };
    return {
      hash,
      receipts: [
        await accept(g.by.door, request),
        await sign(g.by.ml, "problem.defined", { problem: problem.hash }, problem),
        finished,
        await sign(g.by.ml, "model.evaluated", { ...run, holdout }, evaluation),
        await sign(g.by.ml, "model.registered", run, registered),
        await sign(g.by.ml, "model.explained", base, explanation),
        await sign(g.by.ml, "model.fairness", { ...run, holdout }, fairness),
      ],
    };
  }
  const deploy = (request: string, receipts: string[]) =>
    askFrom(g.by.door, { tool: "governance.clear_deployment", receipts, request });
  async function requestApproval(request: string, input: Record<string, unknown>): Promise<string> {
    const receipts = [await accept(g.by.door, request)];
    const reply = await askFrom(g.by.door, { tool: "governance.request_approval", input, receipts, request });
    return (reply.output as { approval: string }).approval;
  }
  const said = (data: Record<string, unknown>) => ({ what: data.what, content: data.content, why: "a test" });
  const decideIt = (request: string, approval: string, decision: string, who: Who = {}) =>
    g.confirmed("governance.decide_approval", { approval, decision }, who, request);

  describe("clearing a deployment", () => {
    test("lets a sound model go live, and nobody without the role", async () => {
      for (const name of g.tables) await g.classify(name);
      const request = g.newRequest();
      const { receipts, hash } = await model(request, false, "3");
      const reply = await deploy(request, receipts);
      expect(reply.output).toMatchObject({ policies: ["analytics.deploy"] });
      expect(reply.given[0]!.about).toMatchObject({ model: hash, person: "ada", purpose: "analytics" });
      const viewer = g.newRequest();
      const theirs = (await model(viewer, false, "3")).receipts.slice(1);
      await expect(
        deploy(viewer, [await accept(g.by.door, viewer, { roles: ["analyst"] }), ...theirs]),
      ).rejects.toMatchObject({ code: "denied" });
    });
    test("refuses a model that reads personal data, whatever was cleared before", async () => {
      const request = g.newRequest();
      const { receipts } = await model(request, false, "4", { importance: "customers.birth_date" });
      await expect(deploy(request, receipts)).rejects.toMatchObject({
        code: "denied",
        data: { policies: ["personal_data.no_deployment"] },
      });
    });
    test("an exploratory model waits for an approver's yes to exactly this model", async () => {
      const request = g.newRequest();
      const { receipts, hash } = await model(request, true, "5");
      const refused = await deploy(request, receipts).catch((error) => error);
      expect(refused).toMatchObject({
        code: "denied",
        data: { approval: "approver", what: expect.stringContaining(hash), policies: ["exploratory.needs_approval"] },
      });
      const approver = { person: "eve", roles: ["approver" as const] };
      const another = { what: `deploy another, model ${hash}`, why: "a test", role: "approver" };
      const other = await requestApproval(request, another);
      const wrong = (await decideIt(request, other, "approve", approver)).given[0]!.id;
      await expect(deploy(request, [...receipts, wrong])).rejects.toMatchObject({ code: "denied" });
      const { what, content } = refused.data;
      const asked = { what, content, why: "a test", role: "approver" };
      const loose = await requestApproval(request, { what, why: "a test", role: "approver" });
      const text = (await decideIt(request, loose, "approve", approver)).given[0]!.id;
      await expect(deploy(request, [...receipts, text])).rejects.toMatchObject({ code: "denied" });
      const no = (await decideIt(request, await requestApproval(request, asked), "reject", approver)).given[0]!;
      expect(no.verdict).toBe("failed");
      await expect(deploy(request, [...receipts, no.id])).rejects.toMatchObject({ code: "denied" });
      const yes = (await decideIt(request, await requestApproval(request, asked), "approve", approver)).given[0]!.id;
      const elsewhere = g.newRequest();
      const foreign = (await model(elsewhere, true, "5")).receipts;
      await expect(deploy(elsewhere, [...foreign, yes])).rejects.toMatchObject({ code: "denied" });
      const swapped = await model(request, true, "6");
      await expect(deploy(request, [...swapped.receipts, yes])).rejects.toMatchObject({ code: "denied" });
    });
    test("goes live once that yes is shown, and the yes is used up", async () => {
      const request = g.newRequest();
      const { receipts } = await model(request, true, "7");
      const { data } = await deploy(request, receipts).catch((error) => error);
      const approval = await requestApproval(request, { ...said(data), role: data.approval });
      const yes = (await decideIt(request, approval, "approve", { roles: ["approver"] })).given[0]!.id;
      expect((await deploy(request, [...receipts, yes])).output).toMatchObject({ policies: ["analytics.deploy"] });
      await expect(deploy(request, [...receipts, yes])).rejects.toMatchObject({ code: "denied" });
    });
  });

  describe("what an approval is bound to", () => {
    const approver = { person: "eve", roles: ["approver" as const] };
    test("content that changed since the yes is a conflict, before the click and after it", async () => {
      const request = g.newRequest();
      const before = await model(request, true, "9");
      const { data } = await deploy(request, before.receipts).catch((error) => error);
      const approval = await requestApproval(request, { ...said(data), role: "approver" });
      const stale = { approval, decision: "approve", content: "0".repeat(64) };
      await expect(g.confirmed("governance.decide_approval", stale, approver, request)).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringMatching(/what you saw isn't what waits/),
      });
      const seen = { ...stale, content: data.content };
      const yes = (await g.confirmed("governance.decide_approval", seen, approver, request)).given[0]!;
      // The same model by name, version and bytes, but judged unfair meanwhile.
      const after = await model(request, true, "9", { fairness: { ...fair, worstRatio: 0.5 } });
      await expect(deploy(request, [...after.receipts, yes.id])).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringMatching(/changed since/),
      });
      expect((await g.own.evidence.ofRequest(request)).map(({ fact }) => fact)).not.toContain("deployment.cleared");
    });
    test("a yes that was asked for by somebody else, in the same request, lifts nothing", async () => {
      const request = g.newRequest();
      const { receipts } = await model(request, true, "2");
      const { data } = await deploy(request, receipts).catch((error) => error);
      const theirs = await askFrom(g.by.door, {
        tool: "governance.request_approval",
        input: { ...said(data), role: "approver" },
        receipts: [await accept(g.by.door, request, { person: "mallory" })],
        request,
      });
      const { approval } = theirs.output as { approval: string };
      const yes = (await decideIt(request, approval, "approve", approver)).given[0]!.id;
      await expect(deploy(request, [...receipts, yes])).rejects.toMatchObject({ code: "denied" });
    });
  });

  test("the team's own policy can make fairness a reason, is read at once, and names its figures", async () => {
    const folder = join(g.bench.home, "policies");
    mkdirSync(folder, { recursive: true });
    const request = g.newRequest();
    const unfair = { ...fair, worstRatio: 0.55, attributes: [attribute("customers.segment", 0.55)] };
    const { receipts } = await model(request, false, "1", { fairness: unfair });
    const { verdict } = (await deploy(request, receipts)).output as { verdict: string };
    expect(verdict).toMatch(/ratio below 0.8\): customers.segment 0.55/);
    writeFileSync(
      join(folder, "fairness.cedar"),
      `@id("four_fifths") @why("outcome rates differ by more than four fifths") @obligation("approval:approver")
       forbid (principal, action == Action::"deploy", resource)
       when { context.fairness has worst_ratio && context.fairness.worst_ratio.lessThan(decimal("0.8")) }
       unless { context.approvals.contains(Role::"approver") };`,
    );
    const second = g.newRequest();
    const again = (await model(second, false, "1", { fairness: unfair })).receipts;
    const refused = await deploy(second, again).catch((error) => error);
    expect(refused).toMatchObject({
      code: "denied",
      data: { policies: ["four_fifths"], approval: "approver", facts: { "fairness.worstRatio": 0.55 } },
    });
    const approval = await requestApproval(second, { ...said(refused.data), role: "approver" });
    const yes = (await decideIt(second, approval, "approve", { person: "eve", roles: ["approver"] })).given[0]!.id;
    expect((await deploy(second, [...again, yes])).output).toMatchObject({ policies: ["analytics.deploy"] });
    writeFileSync(join(folder, "fairness.cedar"), "forbid (");
    const third = g.newRequest();
    const still = (await model(third, false, "1", { fairness: unfair })).receipts;
    await expect(deploy(third, still)).rejects.toMatchObject({ data: { policies: ["four_fifths"] } });
    const { rows: told } = await g.own.pool.query(
      "select what from evidence.audit_event where what like 'governance.policies%' order by seq",
    );
    expect(told.map(({ what }) => what)).toEqual(["governance.policies_changed", "governance.policies_refused"]);
    rmSync(join(folder, "fairness.cedar"));
  });

  describe("approvals", () => {
    const ask = { what: "3 steps that change something", why: "a test", role: "asker" };
    test("the asker's own are decided by the asker or an administrator, a role's by the role", async () => {
      const request = g.newRequest();
      const mine = await requestApproval(request, ask);
      await expect(
        decideIt(request, mine, "approve", { person: "eve", roles: ["approver", "engineer"] }),
      ).rejects.toMatchObject({ code: "denied" });
      const yes = await decideIt(request, mine, "approve", { person: "ada", roles: ["analyst"] });
      expect(yes.given[0]!).toMatchObject({ verdict: "passed", about: { request, what: ask.what } });
      await expect(decideIt(request, mine, "reject")).rejects.toMatchObject({ code: "conflict" });
      const theirs = await requestApproval(request, { ...ask, role: "approver" });
      await expect(decideIt(request, theirs, "approve", { roles: ["admin"] })).rejects.toMatchObject({
        code: "denied",
      });
      await expect(decideIt(g.newRequest(), theirs, "approve", { roles: ["approver"] })).rejects.toMatchObject({
        code: "conflict",
      });
      await expect(decideIt(request, "apr_none", "approve")).rejects.toMatchObject({ code: "not_found" });
      await expect(decideIt(request, theirs, "perhaps")).rejects.toMatchObject({
        data: { issues: [{ path: "decision" }] },
      });
      await expect(requestApproval(request, { ...ask, role: "king" })).rejects.toMatchObject({ code: "invalid_input" });
    });
    test("of twenty who click at once one decides", async () => {
      const request = g.newRequest();
      const approval = await requestApproval(request, ask);
      const clicks = Array.from({ length: 20 }, (_, i) =>
        decideIt(request, approval, i % 2 ? "approve" : "reject", { person: `p${i}`, roles: ["admin"] }),
      );
      const came = await Promise.allSettled(clicks);
      expect(came.filter((one) => one.status === "fulfilled")).toHaveLength(1);
      const { rows: events } = await g.own.pool.query(
        "select payload from evidence.outbox where event = 'governance.approval_decided' and payload->>'approval' = $1",
        [approval],
      );
      expect(events).toHaveLength(1);
    });
    test("what isn't answered in 24 hours is a no, told once and never a yes after", async () => {
      const request = g.newRequest();
      const approval = await requestApproval(request, ask);
      expect(await expireApprovals(g.deps.store, g.own)).toBe(0);
      const later = Date.now() + 24 * 3600_000 + 1000;
      // Late, but nobody has swept yet: no all the same. The door's signatures are as young as ever.
      const { rows: before } = await g.own.pool.query(
        "update governance.approval set expires_at = $2 where id = $1 returning id",
        [approval, new Date(Date.now() - 1)],
      );
      expect(before).toHaveLength(1);
      await expect(decideIt(request, approval, "approve")).rejects.toMatchObject({ code: "conflict" });
      clock = () => new Date(later);
      expect(await expireApprovals(g.deps.store, g.own)).toBeGreaterThan(0);
      expect(await expireApprovals(g.deps.store, g.own)).toBe(0);
      clock = () => new Date();
      const { rows: told } = await g.own.pool.query(
        "select payload from evidence.outbox where event = 'governance.approval_decided' and payload->>'approval' = $1",
        [approval],
      );
      expect(told).toEqual([{ payload: { request, approval, approved: false } }]);
      await expect(decideIt(request, approval, "approve")).rejects.toMatchObject({ code: "conflict" });
    });
  });

  test("what_was_live names what was live then, who cleared and approved it, on which evidence, at what cost", async () => {
    const request = g.newRequest();
    const { receipts, hash } = await model(request, true, "8");
    const { data } = await deploy(request, receipts).catch((error) => error);
    const approval = await requestApproval(request, { ...said(data), role: "approver" });
    const yes = (await decideIt(request, approval, "approve", { person: "eve", roles: ["approver"] })).given[0]!.id;
    const cleared = (await deploy(request, [...receipts, yes])).given[0]!.id;
    const run = { problem: problem.hash, view: "v1", training, model: hash, scope: g.scope, purpose: "analytics" };
    const before = new Date().toISOString();
    const live = await sign(
      g.by.ml,
      "deployment.live",
      { ...run, deployment: "churn" },
      { name: "churn", version: 8, hash, url: "" },
      { request, person: "ada", uses: [...receipts, cleared] },
    );
    const at = new Date().toISOString();
    await g.by.cost.evidence.store.audit(g.by.cost.evidence.store.db, {
      ...{ id: "aud_settled", at, what: "cost.spend_settled", subject: "run_8", person: null, request, step: null },
      ...{ data: { usd: 0.0031 }, receipts: [] },
    });
    const ask = async (input: Record<string, unknown>) =>
      (await askFrom(g.by.door, { tool: "governance.what_was_live", input })).output;
    expect(await ask({ at: new Date(Date.parse(before) - 1).toISOString() })).toMatchObject({ live: [] });
    const there = {
      ...{ deployment: "churn", version: 8, hash, askedBy: "ada", receipt: live },
      cleared: { receipt: cleared, policies: ["analytics.deploy"] },
      approved: { by: "eve", what: data.what },
      cost: { run: "run_8", cpuSeconds: 3, estimatedUsd: 0.002, actualUsd: 0.0031 },
      evaluated: { metrics: {}, look: 1, rows: 20 },
      fairness: { worstRatio: null, uncompared: [] },
      data: g.scope,
      evidence: expect.arrayContaining([expect.objectContaining({ receipt: cleared, fact: "deployment.cleared" })]),
    };
    expect(await ask({ at, deployment: "churn" })).toMatchObject({ live: [there] });
    expect(await ask({ at, deployment: "another" })).toMatchObject({ live: [] });
    await g.by.ml.evidence.store.revoke(g.by.ml.evidence.store.db, live, "rolled back");
    expect(await ask({ at: new Date(Date.now() + 1000).toISOString() })).toMatchObject({ live: [] });
    expect(await ask({ at })).toMatchObject({ live: [there] });
    await expect(ask({ at: "yesterday" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});
