import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { expireApprovals } from "@muster/governance/approvals/expire.ts";
import { type GovernanceDeps, governance } from "@muster/governance/index.ts";
import { profileDataset } from "@muster/quality/profile.ts";
import { sha256 } from "@muster/shared/canonical.ts";
import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { testProblem } from "@muster/shared/features/testing-problem.ts";
import { inboxFolder, tokenFile } from "@muster/shared/home.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { openPins } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { accept, askFrom, confirm, sign, type Terms } from "../support/signing.ts";

type Cleared = FactValue<"training.cleared"> & { verdict: string };
type Table = "contracts" | "customers" | "payments";

const rows = (count: number, row: (i: number) => string) => Array.from({ length: count }, (_, i) => row(i)).join("\n");
const day = (i: number) => new Date(Date.UTC(2025, 0, 1) + i * 86_400_000).toISOString().slice(0, 10);
const first = ["Anna", "Boris", "Carla", "Dmitri", "Elena", "Fritz", "Greta", "Hans"];
const last = ["Schmidt", "Novak", "Rossi", "Garcia", "Weber", "Dubois", "Smith"];
const born = (i: number) => `${1940 + (i % 65)}-0${1 + (i % 9)}-1${i % 9}`;
const files: Record<Table, string> = {
  contracts: `contract_id,customer,start,end,fee\n${rows(120, (i) => `${i},c${i % 60},${day(i)},${i % 3 ? "" : day(i + 90)},${10.5 + (i % 7)}`)}\n`,
  customers: `customer,email,full_name,segment,birth_date\n${rows(60, (i) => `c${i},canary${i}@example.org,${first[i % 8]} ${last[i % 7]},${i % 2 ? "home" : "business"},${born(i)}`)}\n`,
  payments: `payment_id,customer,amount,paid_at,loaded_at\n${rows(200, (i) => `${1000 + i},c${i % 60},${i % 40}.25,${day(i)} 10:00:00,${day(i + 1)} 04:00:00`)}\n`,
};
const problem = testProblem();
const training = `contracts_training@${"1".repeat(64)}`;
const holdout = `contracts_holdout@${"2".repeat(64)}`;

describe("the governance agent on real servers", () => {
  let bench: Bench;
  let own: Process;
  let deps: GovernanceDeps;
  let clock: () => Date = () => new Date();
  const other: Record<string, Process> = {};
  const pins = {} as Record<Table, DatasetPin>;
  const profiles = {} as Record<Table, string>;
  const stops: (() => Promise<void>)[] = [];
  let requests = 0;
  const by = (name: string) => other[name]!;
  const newRequest = () => `req_${++requests}`;

  beforeAll(async () => {
    const agents = ["governance", "catalog", "quality", "ml", "cost"];
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...agents.map((name) => ({ name, kind: "agent" as const, of: name, file: "" })),
    ]);
    for (const name of ["gateway", "catalog", "quality", "ml", "cost"]) other[name] = await bench.process(name);
    own = await bench.process("governance", { now: () => clock() });
    const opened = await governance.open(own);
    deps = opened.deps as GovernanceDeps;
    stops.push(await serve({ process: own, agent: governance, opened }, null));
    const inbox = inboxFolder(bench.home);
    mkdirSync(inbox, { recursive: true });
    for (const [name, text] of Object.entries(files) as [Table, string][]) {
      writeFileSync(join(inbox, `${name}.csv`), text);
      const declared = name === "payments" ? { time: "paid_at", arrived: "loaded_at" } : {};
      const manifest = await ingest({ lake: own.lake, inbox, file: `${name}.csv`, now: new Date(), ...declared });
      pins[name] = pinOf(manifest.name, manifest.version);
      const engine = await openPins(own.lake, { [name]: pins[name] });
      const profile = await profileDataset(engine, manifest);
      engine.close();
      profiles[name] = await sign(by("quality"), "dataset.profiled", { dataset: pins[name] }, profile);
    }
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  const classify = async (name: Table) => {
    const reply = await askFrom(by("gateway"), {
      tool: "governance.classify_columns",
      input: { dataset: pins[name] },
      receipts: [profiles[name]],
    });
    const { columns } = reply.output as FactValue<"dataset.classified">;
    return { receipt: reply.given[0]!.id, columns: new Map(columns.map((column) => [column.name, column])), reply };
  };
  /** A tool that a person has to confirm, called with their signature over exactly the input. */
  async function confirmed(
    tool: string,
    input: Record<string, unknown>,
    who: { person?: string; roles?: Terms["roles"] } = {},
    request = newRequest(),
    asker: Terms = {},
  ) {
    const receipts = [
      await accept(by("gateway"), request, asker),
      await confirm(by("gateway"), request, tool, input, who),
    ];
    return askFrom(by("gateway"), { tool, input, receipts, request });
  }
  const passed = (name: Table, checks: FactValue<"quality.passed">["checks"] = []): FactValue<"quality.passed"> => ({
    ...{ dataset: pins[name], checks, statistics: { evaluated: 1, successful: 1, older: 0 }, repair: [] },
  });
  const noKey = (): FactValue<"quality.passed">["checks"] => [
    { name: "key_unique", success: false, severity: "error", observed: {}, message: "", rows: null },
  ];
  const scopeValue = (): FactValue<"scope.pinned"> => ({
    datasets: [
      { pin: pins.contracts, part: "label" },
      { pin: pins.customers, part: "entity" },
      { pin: pins.payments, part: "related" },
    ],
    joins: (["customers", "payments"] as const).map((dataset) => ({
      left: { dataset: "contracts", column: "customer" },
      right: { dataset, column: "customer" },
      ...{ inclusion: 1, leftUnique: false, rightUnique: dataset === "customers" },
    })),
  });
  const scopeOf = () => Object.values(pins).sort();

  async function clearTraining(terms: Terms = {}, failed: Table[] = [], asked = problem, request = newRequest()) {
    const scope = scopeOf();
    const receipts = [
      await accept(by("gateway"), request, terms),
      await sign(by("ml"), "problem.defined", { problem: asked.hash }, asked),
      await sign(by("catalog"), "scope.pinned", { problem: asked.hash, scope }, scopeValue()),
    ];
    for (const name of Object.keys(pins) as Table[]) {
      receipts.push((await classify(name)).receipt);
      const verdict = failed.includes(name) ? "failed" : "passed";
      const value = passed(name, failed.includes(name) ? noKey() : []);
      receipts.push(await sign(by("quality"), "quality.passed", { dataset: pins[name] }, value, { verdict }));
    }
    const reply = await askFrom(by("gateway"), { tool: "governance.clear_training", receipts, request });
    return { request, cleared: reply.output as Cleared, given: reply.given[0]! };
  }

  describe("persons", () => {
    test("the first start makes an owner with every role and a token that only the owner can read", async () => {
      const file = tokenFile(bench.home);
      const token = readFileSync(file, "utf8").trim();
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(token).toMatch(/^[\w-]{40,}$/);
      const who = await askFrom(by("gateway"), { tool: "governance.identify", input: { tokenHash: sha256(token) } });
      expect(who.output).toEqual({ person: "owner", roles: ["viewer", "analyst", "engineer", "approver", "admin"] });
      const { rows: held } = await own.pool.query("select p::text as row from governance.person p");
      expect(JSON.stringify(held)).not.toContain(token);
      await governance.open(own);
      expect(readFileSync(file, "utf8").trim()).toBe(token);
    });
    test("an administrator adds persons and sets roles; nobody else does, and one administrator stays", async () => {
      const bea = { person: "bea", roles: ["analyst"], tokenHash: sha256("bea's token") };
      await expect(confirmed("governance.add_person", bea, { roles: ["approver"] })).rejects.toMatchObject({
        code: "denied",
      });
      await confirmed("governance.add_person", bea);
      await expect(confirmed("governance.add_person", { ...bea, person: "bob" })).rejects.toMatchObject({
        code: "conflict",
      });
      await confirmed("governance.set_roles", { person: "bea", roles: ["viewer", "viewer"] });
      const identify = (input: Record<string, unknown>) =>
        askFrom(by("gateway"), { tool: "governance.identify", input });
      expect((await identify({ person: "bea" })).output).toEqual({ person: "bea", roles: ["viewer"] });
      await expect(confirmed("governance.set_roles", { person: "owner", roles: ["viewer"] })).rejects.toMatchObject({
        code: "conflict",
      });
      await expect(confirmed("governance.set_roles", { person: "nobody", roles: [] })).rejects.toMatchObject({
        code: "not_found",
      });
      await expect(identify({ person: "nobody" })).rejects.toMatchObject({ code: "not_found" });
      await expect(identify({})).rejects.toMatchObject({ code: "invalid_input" });
      await expect(identify({ tokenHash: "short" })).rejects.toMatchObject({
        data: { issues: [{ path: "tokenHash" }] },
      });
    });
  });

  describe("classification", () => {
    test("finds personal data in the lake's own rows and tells counts, never values", async () => {
      const { columns, reply } = await classify("customers");
      expect(columns.get("email")).toMatchObject({
        pii: true,
        identifier: "direct",
        tags: expect.arrayContaining([expect.objectContaining({ kind: "email" })]),
      });
      expect(columns.get("full_name")).toMatchObject({ identifier: "direct" });
      expect(columns.get("birth_date")).toMatchObject({ identifier: "quasi" });
      expect(columns.get("segment")).toMatchObject({ pii: false, tags: [] });
      expect(JSON.stringify(reply)).not.toMatch(/canary|Schmidt|1940/);
      await expect(
        askFrom(by("gateway"), { tool: "governance.classify_columns", input: { dataset: "unknown" } }),
      ).rejects.toMatchObject({ code: "not_found" });
    });
    test("a person's mark stands, loosens only what it names, and takes back what was signed before", async () => {
      const mark = { dataset: "payments", column: "amount", holds: ["iban"], reason: "a test" };
      const before = await classify("payments");
      await expect(confirmed("governance.set_classification", mark, { roles: ["analyst"] })).rejects.toMatchObject({
        code: "denied",
      });
      await confirmed("governance.set_classification", mark, { person: "bea", roles: ["approver"] });
      expect(await own.evidence.store.spent([before.receipt])).toHaveLength(1);
      const after = (await classify("payments")).columns.get("amount");
      expect(after).toMatchObject({ pii: true, identifier: "direct", tags: [{ kind: "iban", by: "person" }] });
      await confirmed("governance.set_classification", { ...mark, holds: [], lacks: ["email"] });
      expect((await classify("payments")).columns.get("amount")).toMatchObject({ pii: false });
      const email = { dataset: "customers", column: "email", reason: "a test" };
      await confirmed("governance.set_classification", { ...email, lacks: ["iban"] });
      expect((await classify("customers")).columns.get("email")).toMatchObject({ identifier: "direct" });
      const odd = (more: object) => confirmed("governance.set_classification", { ...email, ...more });
      await expect(odd({})).rejects.toMatchObject({ code: "invalid_input" });
      await expect(odd({ holds: ["city"], lacks: ["city"] })).rejects.toMatchObject({ code: "invalid_input" });
      await expect(odd({ column: "nothing", holds: ["city"] })).rejects.toMatchObject({ code: "not_found" });
    });
  });

  describe("clearing a training", () => {
    test("gives every column a role, says what was left out and why, and is about who asked for what", async () => {
      const { cleared, given, request } = await clearTraining();
      const roleOf = (name: string) => {
        const { role, use } = cleared.columns[name]!;
        return use ? `${role}:${use}` : role;
      };
      expect(Object.fromEntries(Object.keys(cleared.columns).map((name) => [name, roleOf(name)]))).toMatchObject({
        "contracts.customer": "key",
        "contracts.start": "feature:time",
        "contracts.end": "none:label",
        "contracts.fee": "feature",
        "customers.customer": "key",
        "customers.email": "none",
        "customers.full_name": "none",
        "customers.birth_date": "none",
        "customers.segment": "feature",
        "payments.customer": "key",
        "payments.amount": "feature",
        "payments.paid_at": "feature:time",
        "payments.loaded_at": "feature:time",
      });
      expect(cleared.datasets.toSorted()).toEqual(scopeOf());
      expect(cleared.dropped).toContainEqual(
        expect.objectContaining({ name: "customers.email", reason: expect.stringContaining("identifier") }),
      );
      expect(cleared.obligations.join("\n")).toMatch(/mask \(analytics.keys\): .*contracts.customer/);
      expect(cleared.policies).toContain("analytics.train");
      expect(given.about).toEqual({ problem: problem.hash, scope: scopeOf(), person: "ada", purpose: "analytics" });
      expect(JSON.stringify(cleared)).not.toMatch(/canary/);
      const { rows: kept } = await own.pool.query(
        "select action, allowed from governance.decision where request = $1",
        [request],
      );
      expect(kept).toEqual([{ action: "train", allowed: true }]);
    });
    test("a related table that failed leaves the scope with its reason; the label's ends it, naming the check", async () => {
      const { cleared } = await clearTraining({}, ["payments"]);
      expect(cleared.datasets).not.toContain(pins.payments);
      expect(Object.keys(cleared.columns).some((name) => name.startsWith("payments."))).toBe(false);
      expect(cleared.dropped).toContainEqual({
        name: "payments",
        reason: "the table failed its check: key_unique",
        number: 1,
      });
      for (const needed of ["contracts", "customers"] as const)
        await expect(clearTraining({}, [needed])).rejects.toMatchObject({
          code: "unfit",
          message: expect.stringContaining(`${needed} (key_unique)`),
        });
    });
    test.each<[string, Terms, RegExp]>([
      ["a purpose no policy permits", { purpose: "marketing" }, /no policy permits train for purpose marketing/],
      ["somebody without the role", { roles: ["viewer"] }, /somebody with viewer/],
      ["somebody whose role was taken away since", { person: "bea", roles: ["engineer"] }, /somebody with no role/],
    ])("is denied to %s, with policy, facts and what would change it", async (_, terms, why) => {
      const request = newRequest();
      await expect(clearTraining(terms, [], problem, request)).rejects.toMatchObject({
        code: "denied",
        message: expect.stringMatching(why),
        data: { facts: expect.any(Object), change: expect.any(String), policies: expect.any(Array) },
      });
      const reply = await askFrom(by("gateway"), { tool: "governance.explain_decision", input: { request } });
      expect(reply.output).toMatchObject({
        decisions: [{ allowed: false }],
        verdict: expect.stringMatching(/refused/),
      });
      const { rows: audited } = await own.pool.query(
        "select what from evidence.audit_event where request = $1 and what like '%denied'",
        [request],
      );
      expect(audited).toEqual([{ what: "governance.clear_training denied" }]);
      const given = (await own.evidence.ofRequest(request)).map(({ fact }) => fact);
      expect(given).not.toContain("training.cleared");
    });
    test("refuses a direct identifier as label, by policy, and a table without its label", async () => {
      const label = (column: string) =>
        testProblem({ dataset: "customers", entity: "customer", label: { kind: "column", column, positive: null } });
      await expect(clearTraining({}, [], label("email"))).rejects.toMatchObject({
        code: "denied",
        data: { policies: ["identifiers.no_feature"], facts: { column: "customers.email", as: "label" } },
      });
      await expect(clearTraining({}, [], label("nothing"))).rejects.toMatchObject({ code: "not_found" });
    });
    test("needs every member classified and checked", async () => {
      const request = newRequest();
      const receipts = [
        await accept(by("gateway"), request),
        await sign(by("ml"), "problem.defined", { problem: problem.hash }, problem),
        await sign(by("catalog"), "scope.pinned", { problem: problem.hash, scope: scopeOf() }, scopeValue()),
        (await classify("contracts")).receipt,
      ];
      await expect(
        askFrom(by("gateway"), { tool: "governance.clear_training", receipts, request }),
      ).rejects.toMatchObject({ code: "precondition_failed" });
    });
    test("explain_decision says why a column was dropped", async () => {
      const { request } = await clearTraining();
      const explain = (input: Record<string, unknown>) =>
        askFrom(by("gateway"), { tool: "governance.explain_decision", input });
      expect((await explain({ request, name: "email" })).output).toMatchObject({
        columns: [{ name: "customers.email", role: "none", pii: true }],
        dropped: [{ name: "customers.email", by: "training.cleared" }],
        decisions: [
          {
            action: "train",
            allowed: true,
            policies: expect.arrayContaining([{ id: "analytics.train", why: expect.any(String) }]),
          },
        ],
      });
      await expect(explain({ request: "req_nothing" })).rejects.toMatchObject({ code: "not_found" });
    });
  });

  /** Signs, as ml and cost, what a finished model leaves, under the clearance it was trained with. */
  async function model(request: string, exploratory: boolean, digit: string, importance = "contracts.fee") {
    const hash = digit.repeat(64);
    const base = { problem: problem.hash, view: "v1", training, model: hash };
    const run = { ...base, scope: scopeOf(), purpose: "analytics" };
    const reserved = await sign(
      by("cost"),
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
      ...{ beatsConstant: true, classCounts: [60, 40], validation: "stratified" },
      ...{ cv: {}, baseline: {}, board: [], dropped: [], features: ["fee"], training, rows: 100, columns: 1, folds: 5 },
      artifacts: { onnx: hash, fitted: hash, oof: hash, booster: null },
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
    const finished = await sign(by("ml"), "run.finished", run, result, { uses: [reserved] });
    const registered = { name: "churn", version: Number(digit), hash };
    return {
      hash,
      receipts: [
        await accept(by("gateway"), request),
        await sign(by("ml"), "problem.defined", { problem: problem.hash }, problem),
        finished,
        await sign(by("ml"), "model.evaluated", { ...run, holdout }, evaluation),
        await sign(by("ml"), "model.registered", run, registered),
        await sign(by("ml"), "model.explained", base, explanation),
      ],
    };
  }
  const deploy = (request: string, receipts: string[]) =>
    askFrom(by("gateway"), { tool: "governance.clear_deployment", receipts, request });
  async function requestApproval(request: string, input: Record<string, unknown>): Promise<string> {
    const receipts = [await accept(by("gateway"), request)];
    const reply = await askFrom(by("gateway"), { tool: "governance.request_approval", input, receipts, request });
    return (reply.output as { approval: string }).approval;
  }
  const decideIt = (request: string, approval: string, decision: string, who: Parameters<typeof confirmed>[2] = {}) =>
    confirmed("governance.decide_approval", { approval, decision }, who, request);

  describe("clearing a deployment", () => {
    test("lets a sound model go live, and nobody without the role", async () => {
      for (const name of Object.keys(pins) as Table[]) await classify(name);
      const request = newRequest();
      const { receipts, hash } = await model(request, false, "3");
      const reply = await deploy(request, receipts);
      expect(reply.output).toMatchObject({ policies: ["analytics.deploy"] });
      expect(reply.given[0]!.about).toMatchObject({ model: hash, person: "ada", purpose: "analytics" });
      const viewer = newRequest();
      const theirs = (await model(viewer, false, "3")).receipts.slice(1);
      await expect(
        deploy(viewer, [await accept(by("gateway"), viewer, { roles: ["analyst"] }), ...theirs]),
      ).rejects.toMatchObject({ code: "denied" });
    });
    test("refuses a model that reads personal data, whatever was cleared before", async () => {
      const request = newRequest();
      const { receipts } = await model(request, false, "4", "customers.birth_date");
      await expect(deploy(request, receipts)).rejects.toMatchObject({
        code: "denied",
        data: { policies: ["personal_data.no_deployment"] },
      });
    });
    test("an exploratory model waits for an approver's yes to exactly this model", async () => {
      const request = newRequest();
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
      const asked = { what: refused.data.what, why: "a test", role: "approver" };
      const no = (await decideIt(request, await requestApproval(request, asked), "reject", approver)).given[0]!;
      expect(no.verdict).toBe("failed");
      await expect(deploy(request, [...receipts, no.id])).rejects.toMatchObject({ code: "denied" });
      const yes = (await decideIt(request, await requestApproval(request, asked), "approve", approver)).given[0]!.id;
      const elsewhere = newRequest();
      const foreign = (await model(elsewhere, true, "5")).receipts;
      await expect(deploy(elsewhere, [...foreign, yes])).rejects.toMatchObject({ code: "denied" });
      const swapped = await model(request, true, "6");
      await expect(deploy(request, [...swapped.receipts, yes])).rejects.toMatchObject({ code: "denied" });
    });
    test("goes live once that yes is shown, and the yes is used up", async () => {
      const request = newRequest();
      const { receipts } = await model(request, true, "7");
      const { data } = await deploy(request, receipts).catch((error) => error);
      const approval = await requestApproval(request, { what: data.what, why: "a test", role: data.approval });
      const yes = (await decideIt(request, approval, "approve", { roles: ["approver"] })).given[0]!.id;
      expect((await deploy(request, [...receipts, yes])).output).toMatchObject({ policies: ["analytics.deploy"] });
      await expect(deploy(request, [...receipts, yes])).rejects.toMatchObject({ code: "denied" });
    });
  });

  describe("approvals", () => {
    const ask = { what: "3 steps that change something", why: "a test", role: "asker" };
    test("the asker's own are decided by the asker or an administrator, a role's by the role", async () => {
      const request = newRequest();
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
      await expect(decideIt(newRequest(), theirs, "approve", { roles: ["approver"] })).rejects.toMatchObject({
        code: "conflict",
      });
      await expect(decideIt(request, "apr_none", "approve")).rejects.toMatchObject({ code: "not_found" });
      await expect(decideIt(request, theirs, "perhaps")).rejects.toMatchObject({
        data: { issues: [{ path: "decision" }] },
      });
      await expect(requestApproval(request, { ...ask, role: "king" })).rejects.toMatchObject({ code: "invalid_input" });
    });
    test("of twenty who click at once one decides", async () => {
      const request = newRequest();
      const approval = await requestApproval(request, ask);
      const clicks = Array.from({ length: 20 }, (_, i) =>
        decideIt(request, approval, i % 2 ? "approve" : "reject", { person: `p${i}`, roles: ["admin"] }),
      );
      const came = await Promise.allSettled(clicks);
      expect(came.filter((one) => one.status === "fulfilled")).toHaveLength(1);
      const { rows: events } = await own.pool.query(
        "select payload from evidence.outbox where event = 'governance.approval_decided' and payload->>'approval' = $1",
        [approval],
      );
      expect(events).toHaveLength(1);
    });
    test("what isn't answered in 24 hours is a no, told once and never a yes after", async () => {
      const request = newRequest();
      const approval = await requestApproval(request, ask);
      expect(await expireApprovals(deps.store, own)).toBe(0);
      const later = Date.now() + 24 * 3600_000 + 1000;
      // Late, but nobody has swept yet: no all the same. The door's signatures are as young as ever.
      const { rows: before } = await own.pool.query(
        "update governance.approval set expires_at = $2 where id = $1 returning id",
        [approval, new Date(Date.now() - 1)],
      );
      expect(before).toHaveLength(1);
      await expect(decideIt(request, approval, "approve")).rejects.toMatchObject({ code: "conflict" });
      clock = () => new Date(later);
      expect(await expireApprovals(deps.store, own)).toBeGreaterThan(0);
      expect(await expireApprovals(deps.store, own)).toBe(0);
      clock = () => new Date();
      const { rows: told } = await own.pool.query(
        "select payload from evidence.outbox where event = 'governance.approval_decided' and payload->>'approval' = $1",
        [approval],
      );
      expect(told).toEqual([{ payload: { request, approval, approved: false } }]);
      await expect(decideIt(request, approval, "approve")).rejects.toMatchObject({ code: "conflict" });
    });
  });

  test("what_was_live names what was live then, who cleared and approved it, on which evidence, at what cost", async () => {
    const request = newRequest();
    const { receipts, hash } = await model(request, true, "8");
    const { data } = await deploy(request, receipts).catch((error) => error);
    const approval = await requestApproval(request, { what: data.what, why: "a test", role: "approver" });
    const yes = (await decideIt(request, approval, "approve", { person: "eve", roles: ["approver"] })).given[0]!.id;
    const cleared = (await deploy(request, [...receipts, yes])).given[0]!.id;
    const run = { problem: problem.hash, view: "v1", training, model: hash, scope: scopeOf(), purpose: "analytics" };
    const before = new Date().toISOString();
    const live = await sign(
      by("ml"),
      "deployment.live",
      { ...run, deployment: "churn" },
      { name: "churn", version: 8, hash, url: "" },
      { request, person: "ada", uses: [...receipts, cleared] },
    );
    const at = new Date().toISOString();
    const ask = async (input: Record<string, unknown>) =>
      (await askFrom(by("gateway"), { tool: "governance.what_was_live", input })).output;
    expect(await ask({ at: new Date(Date.parse(before) - 1).toISOString() })).toMatchObject({ live: [] });
    const there = {
      ...{ deployment: "churn", version: 8, hash, askedBy: "ada", receipt: live },
      cleared: { receipt: cleared, policies: ["analytics.deploy"] },
      approved: { by: "eve", what: data.what },
      cost: { run: "run_8", cpuSeconds: 3, estimatedUsd: 0.002 },
      evidence: expect.arrayContaining([expect.objectContaining({ receipt: cleared, fact: "deployment.cleared" })]),
    };
    expect(await ask({ at, deployment: "churn" })).toMatchObject({ live: [there] });
    expect(await ask({ at, deployment: "another" })).toMatchObject({ live: [] });
    await by("ml").evidence.store.revoke(by("ml").evidence.store.db, live, "rolled back");
    expect(await ask({ at: new Date(Date.now() + 1000).toISOString() })).toMatchObject({ live: [] });
    expect(await ask({ at })).toMatchObject({ live: [there] });
    await expect(ask({ at: "yesterday" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});
