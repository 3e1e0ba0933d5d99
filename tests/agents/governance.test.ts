import { readFileSync, statSync } from "node:fs";
import { governance } from "@muster/governance/index.ts";
import { sha256 } from "@muster/shared/canonical.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { testProblem } from "@muster/shared/features/testing-problem.ts";
import { tokenFile } from "@muster/shared/home.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Governed, problem, startGoverned, type Table } from "../support/governed.ts";
import { accept, askFrom, sign, type Terms } from "../support/signing.ts";

type Cleared = FactValue<"training.cleared"> & { verdict: string };

describe("the governance agent on real servers", () => {
  let g: Governed;
  beforeAll(async () => {
    g = await startGoverned();
  });
  afterAll(() => g?.stop());

  const passed = (name: Table, checks: FactValue<"quality.passed">["checks"] = []): FactValue<"quality.passed"> => ({
    ...{ dataset: g.pins[name], checks, statistics: { evaluated: 1, successful: 1, older: 0 }, repair: [] },
  });
  const noKey = (): FactValue<"quality.passed">["checks"] => [
    { name: "key_unique", success: false, severity: "error", observed: {}, message: "", rows: null },
  ];
  const scopeValue = (): FactValue<"scope.pinned"> => ({
    datasets: [
      { pin: g.pins.contracts, part: "label" },
      { pin: g.pins.customers, part: "entity" },
      { pin: g.pins.payments, part: "related" },
    ],
    joins: (["customers", "payments"] as const).map((dataset) => ({
      left: { dataset: "contracts", column: "customer" },
      right: { dataset, column: "customer" },
      ...{ inclusion: 1, leftUnique: false, rightUnique: dataset === "customers" },
    })),
  });
  async function clearTraining(terms: Terms = {}, failed: Table[] = [], asked = problem, request = g.newRequest()) {
    const scope = g.scope;
    const receipts = [
      await accept(g.by.door, request, terms),
      await sign(g.by.ml, "problem.defined", { problem: asked.hash }, asked),
      await sign(g.by.catalog, "scope.pinned", { problem: asked.hash, scope }, scopeValue()),
    ];
    for (const name of g.tables) {
      receipts.push((await g.classify(name)).receipt);
      const verdict = failed.includes(name) ? "failed" : "passed";
      const value = passed(name, failed.includes(name) ? noKey() : []);
      receipts.push(await sign(g.by.quality, "quality.passed", { dataset: g.pins[name] }, value, { verdict }));
    }
    const reply = await askFrom(g.by.door, { tool: "governance.clear_training", receipts, request });
    return { request, cleared: reply.output as Cleared, given: reply.given[0]! };
  }

  describe("persons", () => {
    test("the first start makes an owner with every role and a token that only the owner can read", async () => {
      const file = tokenFile(g.bench.home);
      const token = readFileSync(file, "utf8").trim();
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(token).toMatch(/^[\w-]{40,}$/);
      const who = await askFrom(g.by.door, { tool: "governance.identify", input: { tokenHash: sha256(token) } });
      expect(who.output).toEqual({ person: "owner", roles: ["viewer", "analyst", "engineer", "approver", "admin"] });
      const { rows: held } = await g.own.pool.query("select p::text as row from governance.person p");
      expect(JSON.stringify(held)).not.toContain(token);
      await governance.open(g.own);
      expect(readFileSync(file, "utf8").trim()).toBe(token);
    });
    test("an administrator adds persons and sets roles; nobody else does, and one administrator stays", async () => {
      const bea = { person: "bea", roles: ["analyst"], tokenHash: sha256("bea's token") };
      await expect(g.confirmed("governance.add_person", bea, { roles: ["approver"] })).rejects.toMatchObject({
        code: "denied",
      });
      await g.confirmed("governance.add_person", bea);
      await expect(g.confirmed("governance.add_person", { ...bea, person: "bob" })).rejects.toMatchObject({
        code: "conflict",
      });
      await g.confirmed("governance.set_roles", { person: "bea", roles: ["viewer", "viewer"] });
      const identify = (input: Record<string, unknown>) => askFrom(g.by.door, { tool: "governance.identify", input });
      expect((await identify({ person: "bea" })).output).toEqual({ person: "bea", roles: ["viewer"] });
      await expect(g.confirmed("governance.set_roles", { person: "owner", roles: ["viewer"] })).rejects.toMatchObject({
        code: "conflict",
      });
      await expect(g.confirmed("governance.set_roles", { person: "nobody", roles: [] })).rejects.toMatchObject({
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
      const { columns, reply } = await g.classify("customers");
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
        askFrom(g.by.door, { tool: "governance.classify_columns", input: { dataset: "unknown" } }),
      ).rejects.toMatchObject({ code: "not_found" });
    });
    test("a person's mark stands, loosens only what it names, and takes back what was signed before", async () => {
      const mark = { dataset: "payments", column: "amount", holds: ["iban"], reason: "a test" };
      const before = await g.classify("payments");
      await expect(g.confirmed("governance.set_classification", mark, { roles: ["analyst"] })).rejects.toMatchObject({
        code: "denied",
      });
      await g.confirmed("governance.set_classification", mark, { person: "bea", roles: ["approver"] });
      expect(await g.own.evidence.store.spent([before.receipt])).toHaveLength(1);
      const after = (await g.classify("payments")).columns.get("amount");
      expect(after).toMatchObject({ pii: true, identifier: "direct", tags: [{ kind: "iban", by: "person" }] });
      await g.confirmed("governance.set_classification", { ...mark, holds: [], lacks: ["email"] });
      expect((await g.classify("payments")).columns.get("amount")).toMatchObject({ pii: false });
      const email = { dataset: "customers", column: "email", reason: "a test" };
      await g.confirmed("governance.set_classification", { ...email, lacks: ["iban"] });
      expect((await g.classify("customers")).columns.get("email")).toMatchObject({ identifier: "direct" });
      const odd = (more: object) => g.confirmed("governance.set_classification", { ...email, ...more });
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
      expect(cleared.datasets.toSorted()).toEqual(g.scope);
      expect(cleared.dropped).toContainEqual(
        expect.objectContaining({ name: "customers.email", reason: expect.stringContaining("identifier") }),
      );
      expect(cleared.obligations.join("\n")).toMatch(/mask \(analytics.keys\): .*contracts.customer/);
      expect(cleared.policies).toContain("analytics.train");
      expect(given.about).toEqual({ problem: problem.hash, scope: g.scope, person: "ada", purpose: "analytics" });
      expect(JSON.stringify(cleared)).not.toMatch(/canary/);
      const { rows: kept } = await g.own.pool.query(
        "select action, allowed from governance.decision where request = $1",
        [request],
      );
      expect(kept).toEqual([{ action: "train", allowed: true }]);
    });
    test("a related table that failed leaves the scope with its reason; the label's ends it, naming the check", async () => {
      const { cleared } = await clearTraining({}, ["payments"]);
      expect(cleared.datasets).not.toContain(g.pins.payments);
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
      const request = g.newRequest();
      await expect(clearTraining(terms, [], problem, request)).rejects.toMatchObject({
        code: "denied",
        message: expect.stringMatching(why),
        data: { facts: expect.any(Object), change: expect.any(String), policies: expect.any(Array) },
      });
      const reply = await askFrom(g.by.door, { tool: "governance.explain_decision", input: { request } });
      expect(reply.output).toMatchObject({
        decisions: [{ allowed: false }],
        verdict: expect.stringMatching(/refused/),
      });
      const { rows: audited } = await g.own.pool.query(
        "select what from evidence.audit_event where request = $1 and what like '%denied'",
        [request],
      );
      expect(audited).toEqual([{ what: "governance.clear_training denied" }]);
      const given = (await g.own.evidence.ofRequest(request)).map(({ fact }) => fact);
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
      const request = g.newRequest();
      const receipts = [
        await accept(g.by.door, request),
        await sign(g.by.ml, "problem.defined", { problem: problem.hash }, problem),
        await sign(g.by.catalog, "scope.pinned", { problem: problem.hash, scope: g.scope }, scopeValue()),
        (await g.classify("contracts")).receipt,
      ];
      await expect(askFrom(g.by.door, { tool: "governance.clear_training", receipts, request })).rejects.toMatchObject({
        code: "precondition_failed",
      });
    });
    test("explain_decision says why a column was dropped", async () => {
      const { request } = await clearTraining();
      const explain = (input: Record<string, unknown>) =>
        askFrom(g.by.door, { tool: "governance.explain_decision", input });
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
});
