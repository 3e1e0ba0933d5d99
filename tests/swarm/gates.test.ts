import { call } from "@muster/bus/call.ts";
import { evidence, newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import { canonical } from "@muster/shared/canonical.ts";
import type { Receipt } from "@muster/shared/domain/receipt.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import type { FactName } from "@muster/shared/fact/table.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accept } from "../support/signing.ts";
import { asSuperuser, effectsOf, flatTable, standAs } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

const hour = 3_600_000;

describe("gates against whoever goes round the planner", () => {
  let it: TestSwarm;
  let door: Process;
  let view: RequestView;
  /** Every receipt of the request that went well. */
  let held: Receipt[];
  let before: Awaited<ReturnType<typeof effectsOf>>;

  beforeAll(async () => {
    it = await startSwarm();
    expect((await it.owner.put("north.csv", flatTable(400, 3), { name: "north" })).status).toBe(201);
    view = await it.owner.ask("predict churn in north");
    expect(view).toMatchObject({ status: "succeeded" });
    door = await standAs(it, "gateway");
    held = await door.evidence.ofRequest(view.id);
    before = await effectsOf(it.owner);
  }, 120_000);
  afterAll(async () => {
    await door?.close();
    await it?.stop();
  });

  /** Calls a tool as the gateway would, showing these receipts. */
  const show = (tool: string, receipts: readonly string[], more: { request?: string; input?: object } = {}) =>
    call(door, {
      ...{ tool, receipts, input: { ...more.input }, request: more.request ?? view.id },
      ...{ key: newId("key"), deadline: Date.now() + 30_000 },
    });
  const statementOf = ({ fact, about, value, verdict, person }: Receipt) => ({
    ...{ fact: fact as FactName, about, value, verdict, person, uses: [] },
  });
  const ids = (without: string[] = []) => held.filter(({ fact }) => !without.includes(fact)).map(({ id }) => id);
  const refusal = (why: { fact: string; why: unknown }[]) => ({
    code: "precondition_failed",
    data: { missing: why.map(({ fact }) => fact), why },
  });

  test("a bare training names every fact that is missing", async () => {
    const { status, body } = await it.owner.call("ml.train_model", {}, true);
    expect(status).toBe(412);
    expect(body).toMatchObject({
      error: {
        code: "precondition_failed",
        data: {
          missing: [
            "problem.defined",
            "scope.pinned",
            "view.registered",
            "features.materialized",
            "training_set.passed",
            "candidates.chosen",
            "budget.reserved",
            "training.cleared",
          ],
        },
      },
    });
  });

  test.each([
    "ml.evaluate_model",
    "ml.assess_fairness",
    "ml.register_model",
    "ml.deploy_model",
    "ml.predict",
    "pipeline.build_labels",
  ])("%s bare is refused, also with what it wants to know put into its input", async (tool) => {
    const values = Object.fromEntries(held.map(({ fact, value }) => [fact.split(".")[0]!, value]));
    for (const input of [{}, { ...values, cleared: held.find(({ fact }) => fact === "training.cleared")!.value }]) {
      const { status, body } = await it.owner.call(tool, input, true);
      expect([400, 412]).toContain(status);
      expect(body).toMatchObject({ error: { code: expect.stringMatching(/precondition_failed|invalid_input/) } });
    }
  });

  test("a reservation that was used is used up, though everything else still holds", async () => {
    await expect(show("ml.train_model", ids())).rejects.toMatchObject(
      refusal([{ fact: "budget.reserved", why: "already used" }]),
    );
  });

  test("what another person was permitted counts for nobody else", async () => {
    const request = newId("req");
    const own = await accept(door, request, { person: "bob", roles: ["admin"] });
    await expect(show("ml.train_model", [own, ...ids(["request.accepted"])], { request })).rejects.toMatchObject(
      refusal([
        { fact: "budget.reserved", why: expect.stringMatching(/another (request|person)/) },
        { fact: "training.cleared", why: expect.stringMatching(/another (request|person)/) },
      ]),
    );
  });

  test("an acceptance that ran out opens nothing", async () => {
    const { identity } = door;
    const then = () => new Date(Date.now() - 26 * hour);
    const past = { ...door, evidence: evidence({ identity, store: door.evidence.store, now: then }) };
    const request = newId("req");
    const old = await accept(past, request, { person: "owner", roles: ["admin"] });
    const input = { dataset: "north", target: "churn" };
    await expect(show("ml.define_problem", [old], { request, input })).rejects.toMatchObject(
      refusal([{ fact: "request.accepted", why: "expired" }]),
    );
  });

  test("a profile of one version says nothing of another", async () => {
    const profiled = held.find(({ fact }) => fact === "dataset.profiled")!;
    const put = await it.owner.put("north.csv", flatTable(400, 4), { name: "north" });
    expect(put.status).toBe(201);
    const check = (dataset: string) => show("quality.check_dataset", [profiled.id], { input: { dataset } });
    await expect(check("north")).rejects.toMatchObject(
      refusal([{ fact: "dataset.profiled", why: "about another dataset" }]),
    );
    // What was cleared on the version before is over, too.
    await expect(show("ml.train_model", ids())).rejects.toMatchObject({
      code: expect.stringMatching(/precondition_failed|conflict/),
    });
    await it.owner.put("north.csv", flatTable(400, 3), { name: "north" });
  });

  test("no process can sign what another gives, nor the planner what a door does", async () => {
    const forge = (by: Process, fact: "training.cleared" | "request.accepted") => {
      const real = held.find((one) => one.fact === fact)!;
      return by.evidence.give({ ...statementOf(real), request: real.request });
    };
    for (const [name, fact] of [
      ["gateway", "training.cleared"],
      ["planner", "request.accepted"],
      ["ml", "training.cleared"],
    ] as const) {
      const process = name === "gateway" ? door : await standAs(it, name);
      await expect(forge(process, fact)).rejects.toThrow(/may not give/);
      if (process !== door) await process.close();
    }
  });

  test("a receipt that a superuser writes with another's signature is not believed", async () => {
    const request = newId("req");
    const own = await accept(door, request, { person: "owner", roles: ["admin"] });
    const forged = await Promise.all(
      ["training.cleared", "budget.reserved"].map(async (fact) => {
        const real = held.find((one) => one.fact === fact)!;
        const about = "request" in real.about ? { ...real.about, request } : real.about;
        const { receipt } = await door.evidence.sign({ ...statementOf(real), about, id: newId("rcp"), request });
        const { signature: _, ...body } = { ...receipt, by: real.by };
        const document = canonical(body);
        await asSuperuser(
          it,
          `insert into evidence.receipt (id, fact, about, subject, value, verdict, by, request, person, uses, at, expires, document, signature)
           values ($1, $2, $3, $4, $5, 'passed', $6, $7, $8, '{}', $9, $10, $11, $12)`,
          [
            ...[body.id, fact, JSON.stringify(body.about), body.subject, JSON.stringify(body.value), body.by, request],
            ...[body.person, body.at, body.expires, document, door.identity.sign(document)],
          ],
        );
        return body.id;
      }),
    );
    const others = ids(["request.accepted", "training.cleared", "budget.reserved"]);
    await expect(show("ml.train_model", [own, ...forged, ...others], { request })).rejects.toMatchObject({
      code: "precondition_failed",
      data: {
        why: ["budget.reserved", "training.cleared"].map((fact) => ({
          fact,
          why: "not shown, or not signed by one who may give it",
        })),
      },
    });
  });

  test("none of it left anything behind", async () => {
    const { datasets: _now, ...now } = await effectsOf(it.owner);
    const { datasets: _then, ...then } = before;
    expect(now).toEqual(then);
  });
});
