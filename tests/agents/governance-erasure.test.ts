import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openJobs, work } from "@muster/bus/job.ts";
import type { Process } from "@muster/bus/process.ts";
import { serve } from "@muster/bus/serve.ts";
import { destroyRows, resumeErasures } from "@muster/governance/erasure/carry-out.ts";
import { type GovernanceDeps, governance } from "@muster/governance/index.ts";
import { keepDataSubject } from "@muster/shared/data-subject.ts";
import { type DatasetPin, pinOf } from "@muster/shared/domain/dataset.ts";
import { type FactName, type FactValue, facts } from "@muster/shared/fact/table.ts";
import { testProblem } from "@muster/shared/features/testing-problem.ts";
import { inboxFolder } from "@muster/shared/home.ts";
import { smallestValue } from "@muster/shared/smallest-value.ts";
import { ingest } from "@muster/shared/warehouse/ingest.ts";
import { standingInFor } from "@muster/shared/warehouse/tombstone.ts";
import { withPins } from "@muster/shared/warehouse/with-pins.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, startBench } from "../support/process.ts";
import { accept, askFrom, confirm, sign } from "../support/signing.ts";

type Found = {
  places: {
    dataset: string;
    pin: string;
    rows: number | null;
    texts: number;
    columns: { name: string; by: string }[];
  }[];
  rows: number;
  waiting: number;
  models: { run: string; deployments: string[]; advice: string }[];
  erased: { id: string }[];
  verdict: string;
};
type Erased = { erasure: string; destroyed: { pin: string; successor: string | null }[]; models: { run: string }[] };

const lines = (head: string, count: number, row: (i: number) => string) =>
  `${[head, ...Array.from({ length: count }, (_, i) => row(i))].join("\n")}\n`;
const mail = (i: number) => `canary${i}@example.org`;
const customers = (count: number, skip = -1) =>
  lines(
    "customer_id,email,segment",
    count,
    (i) => `${100 + i},${i === skip ? "" : mail(i)},${i % 2 ? "home" : "firm"}`,
  );
const orders = lines(
  "order_id,customer_id,employee_id,note",
  120,
  (i) =>
    `${5000 + i},${100 + (i % 40)},${i % 4},${i === 7 ? `call joann@x.com; ${mail(3)} waits` : "nothing more to say"}`,
);
const items = lines("item_id,order_id,product_code", 240, (i) => `${i},${5000 + (i % 120)},p${i % 9}`);
const staff = lines("employee_id,email", 4, (i) => `${i},staff${i}@example.org`);

describe("finding and erasing a person, on real servers", () => {
  let bench: Bench;
  let [door, own, ml, pipeline, quality] = [] as unknown as Process[];
  let deps: GovernanceDeps;
  const stops: (() => Promise<void>)[] = [];
  const pins: Record<string, DatasetPin> = {};
  let requests = 0;

  async function load(name: string, text: string): Promise<DatasetPin> {
    const inbox = inboxFolder(bench.home);
    mkdirSync(inbox, { recursive: true });
    writeFileSync(join(inbox, `${name}.csv`), text);
    const { version } = await ingest({ lake: own!.lake, inbox, file: `${name}.csv`, now: new Date() });
    return pinOf(name, version);
  }
  /** The smallest value of a fact, with what a test says of it. */
  const smallestOf = <F extends FactName>(fact: F, more: Partial<FactValue<F>>): FactValue<F> =>
    ({ ...(smallestValue(facts[fact].value, { members: 0 }) as FactValue<F>), ...more }) as FactValue<F>;
  async function asked<T>(tool: string, input: Record<string, unknown>, key?: string): Promise<T> {
    const request = `req_${++requests}`;
    const receipts = [await accept(door!, request), await confirm(door!, request, tool, input)];
    return (await askFrom(door!, { tool, input, receipts, request, ...(key && { key }) })).output as T;
  }
  const person = (value: string) => keepDataSubject(bench.home, value);
  const find = async (value: string, at = { dataset: "customers", column: "email" }) =>
    asked<Found>("governance.find_personal_data", { ...at, person: await person(value) });
  const erase = async (value: string, rows: number, more: Record<string, unknown> = {}) =>
    asked<Erased>("governance.erase_person", {
      ...{ dataset: "customers", column: "email", person: await person(value), rows, reason: "asked for by letter" },
      ...more,
    });
  const count = (pin: string, where: string) =>
    withPins(own!.lake, [pin], {}, async (engine) => {
      const name = pin.split("@")[0];
      return (await engine.query<{ n: number }>(`SELECT count(*)::DOUBLE AS n FROM "${name}" WHERE ${where}`))[0]!.n;
    });

  beforeAll(async () => {
    bench = await startBench([
      { name: "gateway", kind: "door", of: "gateway", file: "" },
      ...["governance", "ml", "pipeline", "quality", "catalog"].map((name) => ({
        ...{ name, kind: "agent" as const, of: name, file: "" },
      })),
    ]);
    [door, own, ml, pipeline, quality] = await Promise.all(
      ["gateway", "governance", "ml", "pipeline", "quality"].map((name) => bench.process(name)),
    );
    const opened = await governance.open(own!);
    deps = opened.deps as GovernanceDeps;
    const host = { process: own!, agent: governance, opened };
    const jobs = openJobs(bench.redisUrl, governance);
    stops.push(await serve(host, jobs), await work(host, bench.redisUrl), jobs.close);
    pins.early = await load("customers", customers(30));
    pins.customers = await load("customers", customers(40));
    pins.orders = await load("orders", orders);
    pins.items = await load("order_items", items);
    pins.staff = await load("employees", staff);
    // What the swarm writes of a problem over orders: a matrix by customer, and a model trained on it.
    const problem = { ...testProblem(), dataset: "orders", entity: "customer_id" };
    const scope = [pins.customers, pins.orders].sort();
    await sign(ml!, "problem.defined", { problem: problem.hash }, problem);
    const training = await writeQuery(own!.lake, {
      ...{ name: "view_training", kind: "features" as const, inputs: [pins.orders], origin: "a test", now: new Date() },
      sql: "SELECT row_number() OVER (ORDER BY customer_id) - 1 AS __row, CAST(customer_id AS VARCHAR) AS __entity, 1.5 AS total FROM orders ORDER BY customer_id",
    });
    pins.training = pinOf("view_training", training.version);
    const about = { problem: problem.hash, scope, view: "v1" };
    await sign(
      pipeline!,
      "features.materialized",
      { ...about, training: pins.training },
      smallestOf("features.materialized", { role: "training", dataset: pins.training }),
    );
    const model = { ...about, training: pins.training, model: "m1", purpose: "analytics" };
    await sign(ml!, "run.finished", model, smallestOf("run.finished", { run: "run_1", model: "m1" }));
    await sign(ml!, "model.registered", model, { name: "churn", version: 1, hash: "m1" });
    await sign(
      ml!,
      "deployment.live",
      { ...model, deployment: "churn" },
      smallestOf("deployment.live", { name: "churn" }),
    );
    await sign(quality!, "dataset.profiled", { dataset: pins.customers }, smallestOf("dataset.profiled", {}));
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    await bench?.stop();
  });

  test("follows keys down from the person's row, and never up to other people", async () => {
    const found = await find(mail(3));
    const at = (pin: string) => found.places.find((place) => place.pin === pin);
    expect(at(pins.early!)).toMatchObject({ rows: 1, columns: [{ name: "email", by: "value" }] });
    expect(at(pins.customers!)).toMatchObject({ rows: 1 });
    expect(at(pins.orders!)).toMatchObject({ rows: 3, texts: 1 });
    expect(at(pins.items!)).toMatchObject({ rows: 6, columns: [{ name: "order_id", by: "key" }] });
    expect(at(pins.training!)).toMatchObject({ rows: 3, columns: [{ name: "__entity", by: "key" }] });
    expect(found.places.map(({ dataset }) => dataset)).not.toContain("employees");
    expect(found.rows).toBe(1 + 1 + 3 + 1 + 6 + 3);
    expect(found.models).toMatchObject([
      { run: "run_1", deployments: ["churn"], advice: expect.stringMatching(/train churn again/) },
    ]);
    const nobody = await find("nobody@example.org");
    expect(nobody).toMatchObject({ places: [], rows: 0, models: [] });
  });

  test("erases nothing where the number of rows isn't the one that was looked at, nor without the role", async () => {
    await expect(erase(mail(3), 14)).rejects.toMatchObject({ code: "conflict", data: { rows: 15 } });
    await expect(erase("nobody@example.org", 1)).rejects.toMatchObject({ code: "not_found" });
    const input = { dataset: "customers", column: "email", person: await person(mail(3)), rows: 15, reason: "x" };
    const request = "req_role";
    const receipts = [
      await accept(door!, request),
      await confirm(door!, request, "governance.erase_person", input, { roles: ["approver"] }),
    ];
    await expect(askFrom(door!, { tool: "governance.erase_person", input, receipts, request })).rejects.toMatchObject({
      code: "denied",
    });
    await expect(erase("x@example.org", 1, { person: mail(3) })).rejects.toMatchObject({ code: "invalid_input" });
    expect(await own!.lake.versions("customers")).toEqual([pins.early, pins.customers]);
  });

  test("a legal hold keeps the rows until it is lifted", async () => {
    await asked("governance.set_retention", { dataset: "orders", hold: true, reason: "case 7" });
    await expect(erase(mail(3), 15)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/case 7/),
    });
    expect((await find(mail(3))).rows).toBe(15);
    await asked("governance.set_retention", { dataset: "orders", reason: "case 7 is closed" });
  });

  test("a prediction about them that hasn't landed stops the erasure", async () => {
    const folder = join(bench.home, "predictions");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "x.jsonl.open");
    writeFileSync(file, `${JSON.stringify({ key: "103", features: { total: 1 } })}\n{"key": "1`);
    expect((await find(mail(3))).waiting).toBe(1);
    await expect(erase(mail(3), 15)).rejects.toMatchObject({ code: "conflict", data: { waiting: 1 } });
    writeFileSync(file, "");
  });

  test("an erasure leaves nothing of the person, everything of the others, and says what it did", async () => {
    const profiled = await own!.evidence.newest("dataset.profiled", { dataset: pins.customers });
    const { erasure, destroyed, models } = await erase(mail(3), 15);
    const gone = [pins.early, pins.customers, pins.orders, pins.items, pins.training].sort();
    expect(destroyed.map(({ pin }) => pin).sort()).toEqual(gone);
    expect(models).toMatchObject([{ run: "run_1" }]);
    for (const pin of gone) {
      expect(existsSync(own!.lake.file(pin!))).toBe(false);
      await expect(withPins(own!.lake, [pin!], {}, async () => 0)).rejects.toMatchObject({ data: { id: erasure } });
    }
    const [customersNow, ordersNow, itemsNow] = await Promise.all(
      ["customers", "orders", "order_items"].map((name) => own!.lake.resolve(name)),
    );
    expect(await count(customersNow!, "true")).toBe(39);
    expect(await count(customersNow!, "customer_id = 103")).toBe(0);
    expect(await count(ordersNow!, "true")).toBe(117);
    // Order 7 is customer 107's; it stays, without the words about the other one.
    expect(await count(ordersNow!, "order_id = 5007 AND note IS NULL")).toBe(1);
    expect(await count(ordersNow!, "note IS NULL")).toBe(1);
    expect(await count(itemsNow!, "true")).toBe(234);
    expect(await own!.lake.versions("employees")).toEqual([pins.staff]);
    // What lives on a matrix goes on with the one without the person, its rows numbered without gaps.
    const successor = await standingInFor(own!.lake, pins.training!);
    expect(await count(successor, "true")).toBe(117);
    expect(await count(successor, "__row >= 117")).toBe(0);
    const after = await find(mail(3));
    expect(after).toMatchObject({
      places: [],
      rows: 0,
      models: [],
      erased: [{ id: erasure, models: [{ run: "run_1" }] }],
    });
    // Gates can't build on what is gone; what is live stays told.
    expect((await own!.evidence.store.spent([profiled!.id])).map(({ receipt }) => receipt)).toEqual([profiled!.id]);
    expect(await own!.evidence.newest("features.materialized", { training: pins.training })).toBeNull();
    expect(await own!.evidence.newest("deployment.live", { deployment: "churn" })).not.toBeNull();
    await expect(load("customers", customers(40))).rejects.toMatchObject({ code: "conflict", data: { id: erasure } });
  });

  test("no table of the database, no file but the lake's and the key holds who it was", async () => {
    const { rows: tables } = await own!.pool.query<{ t: string }>(
      "select format('%I.%I', schemaname, tablename) as t from pg_tables where schemaname in ('evidence', 'governance')",
    );
    for (const { t } of tables) {
      const { rows } = await own!.pool.query(`select x::text as row from ${t} x`);
      expect(JSON.stringify(rows), t).not.toMatch(/canary\d/);
    }
    const { rows } = await own!.pool.query(
      "select subject, data from evidence.audit_event where what = 'governance.person_erased'",
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].subject).toBe(await person(mail(3)));
  });

  test("rows that have to stay lose what is personal in them, and only once somebody said what that is", async () => {
    const found = await find(mail(5));
    await expect(erase(mail(5), found.rows, { blank: ["customers"] })).rejects.toMatchObject({
      code: "precondition_failed",
    });
    const pin = await own!.lake.resolve("customers");
    await sign(own!, "dataset.classified", { dataset: pin }, { columns: [] });
    await erase(mail(5), found.rows, { blank: ["customers"] });
    const now = await own!.lake.resolve("customers");
    expect(await count(now, "customer_id = 105 AND email IS NULL AND segment = 'home'")).toBe(1);
    expect(await find(mail(5))).toMatchObject({ rows: 0 });
  });

  test.each(["before anything is written down", "when the plan stands", "when half of the files are gone"])(
    "killed %s, it is taken up again and ends whole",
    async (moment) => {
      const i = { "before anything is written down": 11, "when the plan stands": 12 }[moment] ?? 13;
      const before = await find(mail(i));
      const subject = await person(mail(i));
      const id = `ers_test${i}`;
      const long = new Date(Date.now() - 3_600_000).toISOString();
      const begun = await deps.store.erasures.begin({
        ...{ id, subject, dataset: "customers", column: "email", blank: [], request: null, person: "ada" },
        ...{ state: "planned", destroyed: [], models: [], at: long, ended_at: null },
        elsewhere: { warehouse: [], notSearched: [] },
      });
      if (i > 11) {
        // Dies where the files go: at the first of them, or at the third.
        let left = i === 12 ? 0 : 2;
        const dying = {
          ...own!.lake,
          manifest: (pin: DatasetPin) => {
            if (new Error().stack!.includes("tombstone.ts") && left-- <= 0) throw new Error("killed");
            return own!.lake.manifest(pin);
          },
        };
        await expect(destroyRows({ ...deps, lake: dying, now: () => new Date() }, begun)).rejects.toThrow("killed");
        expect((await deps.store.erasures.get(id))!.destroyed.length).toBeGreaterThan(0);
      }
      expect((await deps.store.erasures.get(id))!.state).toBe("planned");
      expect(await resumeErasures({ ...deps, now: () => new Date() })).toBe(1);
      const ended = await deps.store.erasures.get(id);
      expect(ended).toMatchObject({ state: "done" });
      expect(new Set(ended!.destroyed.map(({ pin }) => pin))).toEqual(new Set(before.places.map(({ pin }) => pin)));
      for (const { pin } of ended!.destroyed) expect(existsSync(own!.lake.file(pin))).toBe(false);
      expect(await find(mail(i))).toMatchObject({ rows: 0, erased: [{ id }] });
      expect(await resumeErasures({ ...deps, now: () => new Date() })).toBe(0);
      const { rows } = await own!.pool.query(
        "select 1 from evidence.audit_event where what = 'governance.person_erased' and data->>'erasure' = $1",
        [id],
      );
      expect(rows).toHaveLength(1);
    },
  );

  test("names a person by a number in its own column only, and finds their rows by it", async () => {
    const found = await find("120", { dataset: "customers", column: "customer_id" });
    const datasets = [...new Set(found.places.map(({ dataset }) => dataset))].sort();
    expect(datasets).toEqual(["customers", "order_items", "orders", "view_training"]);
    await expect(find("120", { dataset: "customers", column: "nothing" })).rejects.toMatchObject({ code: "not_found" });
    await expect(find("120", { dataset: "nothing", column: "customer_id" })).rejects.toMatchObject({
      code: "not_found",
    });
  });
});
