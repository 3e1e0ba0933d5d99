import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openKeys } from "@muster/infra/keys.ts";
import { findProcesses, supervisorName } from "@muster/infra/processes.ts";
import { openPool } from "@muster/shared/database/open.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterDecision, firstLines, flatTable, lakeRows, publicDatasets, publicFile } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

type Found = {
  person: string;
  places: { dataset: string; kind: string; rows: number | null }[];
  rows: number;
  models: { name: string | null; deployments: string[] }[];
  erased: { id: string; models: { name: string | null }[] }[];
};
type Classified = { columns: { name: string; pii: boolean }[] };

const people = 600;
const here = publicDatasets();

describe.runIf(here)("a person asks to be forgotten", () => {
  let it: TestSwarm;
  let email: string;
  let erased: string;

  beforeAll(async () => {
    it = await startSwarm();
    const file = firstLines(publicFile("pii_fakenames", "people.csv"), people + 1);
    await it.owner.put("people.csv", file);
    const orders = Array.from({ length: 1500 }, (_, i) => `${i + 1},${1 + (i % people)},${(i % 90) + 0.5}`);
    await it.owner.put("orders.csv", `order_id,people_number,amount\n${orders.join("\n")}\n`);
    // Who of them leaves, by the number that people bears.
    const flat = flatTable(people, 11)
      .replace("row_key", "people_number")
      .replaceAll(/^k11x(\d+)/gm, (_, n) => String(1 + Number(n)));
    await it.owner.put("contracts.csv", flat);
    const pin = (await it.owner.call<{ output: Classified }>("governance.classify_columns", { dataset: "people" }))
      .body;
    expect(pin.output.columns.filter(({ pii }) => pii).map(({ name }) => name)).toContain("EmailAddress");
    const newest = await newestPin("people");
    [email] = (
      await lakeRows<{ v: string }>(it.home, newest, 'SELECT "EmailAddress" AS v FROM $it WHERE "Number" = 7')
    ).map(({ v }) => v) as [string];
    const view = await it.owner.ask("predict churn in contracts", { confirmed: true });
    expect(view).toMatchObject({ status: "succeeded", error: null });
  }, 240_000);
  afterAll(() => it?.stop());

  const newestPin = async (name: string) => {
    const { body } = await it.owner.http<{ datasets: { name: string; version: string }[] }>("GET", "/v1/datasets");
    return `${name}@${body.datasets.find((one) => one.name === name)!.version}`;
  };
  const find = async () => {
    const asked = { dataset: "people", column: "EmailAddress", person: email };
    const { status, body } = await it.owner.call<{ output: Found }>("governance.find_personal_data", asked);
    expect([status, body]).toEqual([200, expect.anything()]);
    return body.output;
  };

  test("their data are found in what was loaded and in what the swarm wrote, and so is the model", async () => {
    const found = await find();
    const kinds = Object.fromEntries(found.places.map(({ dataset, kind, rows }) => [`${dataset} ${kind}`, rows]));
    expect(kinds["people source"]).toBe(1);
    expect(kinds["orders source"]).toBe(3);
    expect(kinds["contracts source"]).toBe(1);
    expect(found.places.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["labels", "features", "scores"]));
    expect(found.models.length).toBeGreaterThan(0);
    expect(found.person).toMatch(/^psn_/);
  }, 120_000);

  test("an analyst may neither look nor erase", async () => {
    const ana = await it.addPerson("ana", ["analyst"]);
    const asked = { dataset: "people", column: "EmailAddress", person: email };
    expect(await ana.call("governance.find_personal_data", asked)).toMatchObject({ status: 403 });
    const erase = await ana.call("governance.erase_person", { ...asked, rows: 1, reason: "none" });
    expect(erase.status).not.toBe(200);
    expect((await find()).rows).toBeGreaterThan(0);
  }, 120_000);

  test("erased after a person said yes: nothing is left, the model is named, what is live answers on", async () => {
    const { rows, models } = await find();
    const input = { dataset: "people", column: "EmailAddress", person: email, rows, reason: "a letter of today" };
    const { status, body } = await it.owner.call<{ request: string; status: string }>("governance.erase_person", input);
    expect([status, body.status]).toEqual([202, "awaiting_approval"]);
    expect((await find()).rows).toBe(rows);
    await it.owner.http("POST", `/v1/requests/${body.request}/approve`, {});
    const view = await afterDecision(it.owner, body.request);
    expect(view).toMatchObject({ status: "succeeded", error: null });
    const after = await find();
    expect(after).toMatchObject({ places: [], rows: 0, models: [] });
    erased = after.erased[0]!.id;
    expect(after.erased[0]!.models.map(({ name }) => name).sort()).toEqual(models.map(({ name }) => name).sort());
    const left = async (name: string) =>
      (await lakeRows<{ n: number }>(it.home, await newestPin(name), "SELECT count(*)::DOUBLE AS n FROM $it"))[0]!.n;
    expect([await left("people"), await left("orders"), await left("contracts")]).toEqual([
      people - 1,
      1497,
      people - 1,
    ]);
    const live = await fetch(`${it.swarm.urls.serving}/v2/models/churn/ready`);
    expect(live.status).toBe(200);
  }, 240_000);

  test("the audit verifies and tells of it by a keyed hash; no table, log or file says who it was", async () => {
    const { body } = await it.owner.call<{ output: { ok: boolean } }>("governance.verify_audit", {});
    expect(body.output.ok).toBe(true);
    const trail = await it.owner.call<{ output: { events: { subject: string; data: { erasure?: string } }[] } }>(
      "governance.get_audit_trail",
      { what: "governance.person_erased" },
    );
    expect(trail.body.output.events).toMatchObject([
      { subject: expect.stringMatching(/^psn_/), data: { erasure: erased } },
    ]);
    const keys = openKeys(it.home, [...findProcesses().map(({ name }) => name), supervisorName]);
    const url = `postgres://muster_admin:${keys.databaseAdminPassword}@127.0.0.1:${it.swarm.ports.postgres}/muster`;
    const admin = openPool({ url, schema: "public", connections: 1 });
    const { rows: tables } = await admin.query<{ t: string }>(
      "select format('%I.%I', schemaname, tablename) as t from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
    );
    const name = email.toLowerCase();
    for (const { t } of tables) {
      const { rows } = await admin.query<{ n: string }>(
        `select count(*) as n from ${t} x where position($1 in lower(x::text)) > 0`,
        [name],
      );
      expect([t, Number(rows[0]!.n)]).toEqual([t, 0]);
    }
    await admin.end();
    const files = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? files(path) : [path];
      });
    // The inbox keeps what people put there; the value that find was asked with waits for its own end.
    const elsewhere = files(it.home).filter(
      (path) => !/\/(inbox|private|postgres|redis)\//.test(path) && statSync(path).isFile(),
    );
    expect(elsewhere.length).toBeGreaterThan(20);
    for (const path of elsewhere) expect([path, readFileSync(path).includes(email)]).toEqual([path, false]);
  }, 120_000);
});
