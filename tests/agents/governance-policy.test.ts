import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Governed, startGoverned, type Table } from "../support/governed.ts";
import { accept, askFrom, sign, type Terms } from "../support/signing.ts";

describe("policies on real servers", () => {
  let g: Governed;
  let folder: string;
  beforeAll(async () => {
    g = await startGoverned();
    folder = join(g.bench.home, "policies");
    mkdirSync(folder);
    for (const name of g.tables) await g.classify(name);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
  });
  afterAll(() => g?.stop());

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const weekend = `@id("weekend") @why("not on weekends") forbid (principal, action == Action::"train", resource) when { context.weekday == "sunday" };`;

  describe("check_policy", () => {
    const ask = (input: Record<string, unknown>) =>
      g.read("governance.check_policy", { roles: ["analyst"], purpose: "analytics", ...input });

    test("names policies and facts for a question that nobody asked, at any time and place", async () => {
      write("ours.cedar", weekend);
      const sunday = { action: "train", at: "2026-07-05T10:00:00.000Z", environment: "production" };
      expect(await ask(sunday)).toMatchObject({
        decisions: [
          {
            allowed: false,
            policies: [{ id: "weekend", why: "not on weekends", file: "ours.cedar" }],
            facts: { weekday: "sunday", hour: 10, date: "2026-07-05", environment: "production", roles: ["analyst"] },
          },
        ],
        refused: null,
        verdict: "refused: not on weekends",
      });
      expect(await ask({ ...sunday, at: "2026-07-06T10:00:00.000Z" })).toMatchObject({
        decisions: [{ allowed: true }],
      });
      expect(await ask({ action: "deploy" })).toMatchObject({ decisions: [{ allowed: false, policies: [] }] });
    });
    test("tells it for the columns of a classified dataset, and for one as a whole", async () => {
      const { decisions } = (await ask({ action: "use_as_feature", dataset: g.pins.customers })) as {
        decisions: { about: string; allowed: boolean }[];
      };
      expect(Object.fromEntries(decisions.map(({ about, allowed }) => [about, allowed]))).toMatchObject({
        email: false,
        full_name: false,
        segment: true,
      });
      const some = { action: "read", dataset: g.pins.customers, columns: ["segment"] };
      expect(await ask(some)).toMatchObject({ decisions: [{ about: "segment", allowed: true }] });
      expect(await ask({ action: "train", dataset: g.pins.customers })).toMatchObject({
        decisions: [{ allowed: false, policies: [{ id: "personal_data.no_training" }] }],
      });
      await expect(ask({ ...some, columns: ["nothing"] })).rejects.toMatchObject({ code: "not_found" });
      await expect(ask({ action: "fly" })).rejects.toMatchObject({ data: { issues: [{ path: "action" }] } });
    });
    test("says that a broken file isn't in force, with its place, and what decides instead", async () => {
      write("ours.cedar", weekend);
      const sunday = { action: "train", at: "2026-07-05T10:00:00.000Z" };
      const { policySet } = (await ask(sunday)) as { policySet: string };
      write("ours.cedar", `${weekend}\nforbid (`);
      expect(await ask(sunday)).toMatchObject({
        decisions: [{ allowed: false, facts: { policySet } }],
        policySet,
        refused: { file: "ours.cedar", message: expect.stringMatching(/ours\.cedar, line 2/) },
        verdict: expect.stringContaining("not in force"),
      });
      expect(await g.read("governance.list_policies", {})).toMatchObject({
        policies: expect.arrayContaining([
          expect.objectContaining({ id: "weekend", effect: "forbid", actions: ["train"] }),
        ]),
        refused: { file: "ours.cedar" },
        environment: "local",
      });
    });
  });

  describe("test_policies", () => {
    const one = (allowed: boolean) =>
      JSON.stringify({
        tests: [
          {
            name: "no Sunday",
            ask: { action: "train", roles: ["analyst"], purpose: "analytics", at: "2026-07-05T10:00:00.000Z" },
            expect: { allowed },
          },
        ],
      });
    test("runs the shipped tests and the team's own against the folder; a wrong one fails, and says what was decided", async () => {
      write("ours.cedar", weekend);
      write("ours.test.json", one(true));
      const found = (await g.read("governance.test_policies", {})) as {
        tests: object[];
        passed: number;
        failed: number;
      };
      expect(found.failed).toBe(1);
      expect(found.passed).toBeGreaterThan(10);
      expect(found.tests.at(-1)).toMatchObject({
        file: "ours.test.json",
        passed: false,
        wrong: ["refused: not on weekends"],
        got: { policies: ["weekend"] },
      });
      write("ours.test.json", one(false));
      expect(await g.read("governance.test_policies", {})).toMatchObject({ failed: 0 });
    });
    test("tries files before they are in force, without putting them there", async () => {
      const files = [
        { name: "ours.cedar", text: weekend },
        { name: "ours.test.json", text: one(false) },
      ];
      expect(await g.read("governance.test_policies", { files })).toMatchObject({ passed: 1, failed: 0 });
      const { policies } = (await g.read("governance.list_policies", {})) as { policies: { id: string }[] };
      expect(policies.map(({ id }) => id)).not.toContain("weekend");
      const refused = (given: object[]) => g.read("governance.test_policies", { files: given });
      await expect(refused(files.slice(0, 1))).rejects.toMatchObject({ code: "invalid_input" });
      await expect(refused([{ name: "../ours.cedar", text: weekend }])).rejects.toMatchObject({
        code: "invalid_input",
      });
      await expect(refused([{ name: "ours.cedar", text: "forbid (" }, files[1]!])).rejects.toMatchObject({
        code: "invalid_input",
        message: expect.stringMatching(/ours\.cedar, line 1/),
      });
    });
  });

  describe("clear_change", () => {
    const clear = async (input: Record<string, unknown>, terms: Terms = {}) => {
      const request = g.newRequest();
      const receipts = [await accept(g.by.door, request, terms)];
      return askFrom(g.by.door, { tool: "governance.clear_change", input, receipts, request });
    };
    const back = { deployment: "churn", role: "roll_back" };
    test("lets whoever may deploy take back what is live, by a permission about exactly that", async () => {
      const { given, output } = await clear(back);
      expect(given).toMatchObject([
        { fact: "change.cleared", about: { deployment: "churn", roll_back: "churn", person: "ada" } },
      ]);
      expect(output).toMatchObject({ policies: ["live.take_back"], verdict: "ada may roll back churn" });
      const retire = await clear(
        { deployment: "churn", role: "retire" },
        { roles: ["approver"], purpose: "marketing" },
      );
      expect(retire.given[0]!.about).toMatchObject({ deployment: "churn", retire: "churn", purpose: "marketing" });
      for (const [input, terms, code] of [
        [back, { roles: ["analyst"] }, "denied"],
        [{ role: "retire" }, {}, "invalid_input"],
        [{ ...back, role: "deploy" }, {}, "invalid_input"],
      ] as const)
        await expect(clear(input, { ...terms } as Terms), JSON.stringify(input)).rejects.toMatchObject({ code });
    });
    test("asks the team's own policies, a yes of somebody else among them", async () => {
      write(
        "ours.cedar",
        `@id("ours.retire") @why("a model is retired with an approver's yes") @obligation("approval:approver")
        forbid (principal, action == Action::"retire", resource) when { !context.approvals.contains(Role::"approver") };`,
      );
      await expect(clear({ deployment: "churn", role: "retire" })).rejects.toMatchObject({
        code: "denied",
        data: { policies: ["ours.retire"] },
      });
      expect((await clear(back)).given).toHaveLength(1);
    });
  });

  describe("clear_access", () => {
    async function clear(name: Table, input: Record<string, unknown> = {}, terms: Terms = {}) {
      const request = g.newRequest();
      const receipts = [await accept(g.by.door, request, terms), (await g.classify(name)).receipt];
      const call = { tool: "governance.clear_access", input: { dataset: g.pins[name], ...input }, receipts, request };
      const reply = await askFrom(g.by.door, call);
      return {
        request,
        given: reply.given[0]!,
        output: reply.output as FactValue<"access.cleared"> & { verdict: string },
      };
    }
    test("says of each column how it may be shown, and is about who asks for what", async () => {
      const { output, given, request } = await clear("customers");
      expect(Object.fromEntries(Object.entries(output.columns).map(([name, { show }]) => [name, show]))).toMatchObject({
        customer: "masked",
        email: "none",
        full_name: "none",
        segment: "plain",
        birth_date: "none",
      });
      expect(output.obligations).toContain("mask (analytics.read_keys)");
      expect(given.about).toEqual({ dataset: g.pins.customers, person: "ada", purpose: "analytics" });
      const { rows } = await g.own.pool.query("select action, allowed from governance.decision where request = $1", [
        request,
      ]);
      expect(rows).toEqual([{ action: "read", allowed: true }]);
    });
    test("a column that is wanted and may not be seen refuses all; so does a purpose or a person without a policy", async () => {
      await expect(clear("customers", { columns: ["segment", "email"] })).rejects.toMatchObject({
        code: "denied",
        data: { policies: ["personal_data.no_read"], facts: { columns: ["email"] } },
      });
      const { output } = await clear("customers", { columns: ["segment"] });
      expect(output.columns).toMatchObject({ segment: { show: "plain" }, customer: { show: "none" } });
      await expect(clear("customers", {}, { purpose: "marketing" })).rejects.toMatchObject({ code: "denied" });
      await expect(clear("customers", {}, { roles: [] })).rejects.toMatchObject({ code: "denied" });
      await expect(clear("customers", { columns: ["nothing"] })).rejects.toMatchObject({ code: "not_found" });
      const given = await g.own.evidence.standing("access.cleared", { purpose: "marketing" });
      expect(given).toEqual([]);
    });
    test("keeps the team's obligations: groups, the strictest of several, and the days that data may be kept", async () => {
      write(
        "ours.cedar",
        `@id("groups") @why("in groups") @obligation("aggregate:50, retention:30") permit (principal, action == Action::"read", resource);
         @id("larger") @why("in larger groups") @obligation("aggregate:20, retention:90") permit (principal, action == Action::"read", resource);`,
      );
      const { output } = await clear("payments");
      expect(output.columns.amount).toMatchObject({ show: "grouped", rows: 50 });
      const rules = await g.deps.store.retention.all();
      expect(rules).toMatchObject([{ target: "payments", source: "policy", keep_days: 30 }]);
    });
    test("an approval that a permit wants is asked for by role, text and content", async () => {
      write(
        "ours.cedar",
        `@id("ask_first") @why("somebody has to agree") @obligation("approval:approver") permit (principal, action == Action::"read", resource);`,
      );
      const refused = await clear("payments", { columns: ["amount"] }).catch((error) => error);
      expect(refused).toMatchObject({
        code: "denied",
        data: {
          approval: "approver",
          what: `read ${g.pins.payments}: amount`,
          content: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      });
    });
  });

  test("classify_dataset gives the level that its columns reach, and which make it so", async () => {
    const level = async (name: Table) => {
      const receipts = [(await g.classify(name)).receipt];
      const input = { dataset: g.pins[name] };
      const reply = await askFrom(g.by.door, { tool: "governance.classify_dataset", input, receipts });
      expect(reply.given[0]).toMatchObject({ fact: "dataset.sensitivity", about: input });
      return reply.output;
    };
    expect(await level("customers")).toMatchObject({
      level: "identifying",
      because: expect.arrayContaining([expect.stringMatching(/^email: .*email/)]),
    });
    expect(await level("payments")).toMatchObject({ level: "internal" });
    await g.confirmed("governance.set_classification", {
      ...{ dataset: "payments", column: "amount", holds: ["password"], reason: "a test" },
    });
    expect(await level("payments")).toMatchObject({ level: "secret", because: ["amount: direct, password, pii"] });
    await expect(
      askFrom(g.by.door, { tool: "governance.classify_dataset", input: { dataset: g.pins.contracts } }),
    ).rejects.toMatchObject({ code: "precondition_failed", data: { missing: ["dataset.classified"] } });
  });

  test("clear_training keeps a retention, tells early who could go live, and its decision names the policy set", async () => {
    const request = g.newRequest();
    const { problem } = await import("../support/governed.ts");
    write(
      "ours.cedar",
      `@id("kept") @why("kept for a while") @obligation("retention:60") permit (principal, action == Action::"train", resource) when { context.purpose == Purpose::"analytics" };`,
    );
    const scope = { datasets: [{ pin: g.pins.contracts, part: "label" as const }], joins: [] };
    const own = [g.pins.contracts];
    const quality = {
      ...{ dataset: g.pins.contracts, checks: [], repair: [] },
      statistics: { evaluated: 1, successful: 1, older: 0 },
    };
    const receipts = [
      await accept(g.by.door, request, { roles: ["analyst"] }),
      await sign(g.by.ml, "problem.defined", { problem: problem.hash }, problem),
      await sign(g.by.catalog, "scope.pinned", { problem: problem.hash, scope: own }, scope),
      (await g.classify("contracts")).receipt,
      await sign(g.by.quality, "quality.passed", { dataset: g.pins.contracts }, quality),
    ];
    const reply = await askFrom(g.by.door, { tool: "governance.clear_training", receipts, request });
    expect((reply.output as { verdict: string }).verdict).toMatch(
      /going live would be refused: no policy permits deploy .* somebody with the role engineer or approver or admin has to ask/,
    );
    expect(await g.deps.store.retention.all()).toContainEqual(
      expect.objectContaining({
        target: "contracts",
        source: "policy",
        keep_days: 60,
        reason: "analytics.train, kept",
      }),
    );
    const [kept] = await g.deps.store.decisions.of(request);
    const hash = String(kept!.facts.policySet);
    const files = await g.deps.store.policies.byHash(hash);
    expect(files?.theirs).toMatchObject([{ name: "ours.cedar", text: expect.stringContaining("retention:60") }]);
  });
});
