import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import type { RequestView } from "@muster/shared/domain/request.ts";
import { secretsFolder } from "@muster/shared/home.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWarehouse, type TestWarehouse } from "../support/shop-warehouse.ts";
import { asSuperuser, lakeRows, stepOf } from "../support/story.ts";
import { startSwarm, type TestSwarm } from "../support/swarm.ts";

/** Accounts that churn by their seats, their plan and how often they paid late; a view over the invoices; odd names. */
const setUp = `
  SELECT setseed(0.42);
  CREATE TABLE shop.accounts (account_id int PRIMARY KEY, region text, plan varchar(10), seats int, opened date, contact text, churned bool);
  COMMENT ON TABLE shop.accounts IS 'every account we ever had';
  CREATE TABLE shop.invoices (invoice_id int PRIMARY KEY, account_id int REFERENCES shop.accounts, issued timestamptz, amount numeric(10, 2), paid_late bool);
  INSERT INTO shop.accounts SELECT i, (ARRAY['north', 'south', 'east', 'west'])[1 + i % 4], (ARRAY['free', 'team', 'pro'])[1 + i % 3],
    1 + (random() * 40)::int, DATE '2024-01-01' + i % 500, 'person' || i || '@example.com', false FROM generate_series(1, 1500) i;
  INSERT INTO shop.invoices SELECT i, 1 + i % 1500, TIMESTAMPTZ '2025-01-01 00:00Z' + i % 300 * INTERVAL '1 day',
    (10 + random() * 90)::numeric(10, 2), random() < 0.2 FROM generate_series(1, 9000) i;
  UPDATE shop.accounts a SET churned = random() < 1 / (1 + exp(-(1.5 - 0.12 * seats + CASE WHEN plan = 'free' THEN 1.2 ELSE -0.4 END
    + 2 * (SELECT avg(paid_late::int) FROM shop.invoices v WHERE v.account_id = a.account_id))));
  CREATE VIEW shop."Late; ""Ones""" AS SELECT account_id, count(*) AS late FROM shop.invoices WHERE paid_late GROUP BY 1;
  CREATE TABLE shop.nothing_yet (id int);
  ANALYZE`;

describe("a model of what stands in a PostgreSQL warehouse", () => {
  let it: TestSwarm;
  let warehouse: TestWarehouse;
  let view: RequestView;
  const manifests = (): DatasetManifest[] =>
    readdirSync(join(it.home, "lake"), { recursive: true, encoding: "utf8" })
      .filter((file) => /[0-9a-f]{64}\.json$/.test(file))
      .map((file) => JSON.parse(readFileSync(join(it.home, "lake", file), "utf8")));
  const newest = async (dataset: string): Promise<string> => {
    const described = await it.owner.call<{ output: { version: string } }>(
      "catalog.describe_dataset",
      { dataset },
      true,
    );
    return `${dataset}@${described.body.output.version}`;
  };

  beforeAll(async () => {
    [it, warehouse] = await Promise.all([startSwarm(), startWarehouse(setUp)]);
    mkdirSync(secretsFolder(it.home), { recursive: true, mode: 0o700 });
    writeFileSync(join(secretsFolder(it.home), "shop"), warehouse.password, { mode: 0o600 });
    expect((await it.owner.call("catalog.connect_source", warehouse.connection)).body).toMatchObject({
      output: { canWrite: false },
    });
    expect((await it.owner.call("catalog.crawl_source", { source: "shop" })).body).toMatchObject({
      output: { tables: 4, changed: 4 },
    });
    await it.owner.put(
      "loaded.csv",
      `account_id,nps\n${Array.from({ length: 300 }, (_, i) => `${i + 1},${i % 11}`).join("\n")}\n`,
    );
    view = await it.owner.ask("predict churned in shop_accounts", { name: "leaving" });
  });
  afterAll(async () => {
    await it?.stop();
    await warehouse?.stop();
  });

  test("is trained, deployed and scored as one of the lake is", () => {
    expect(view).toMatchObject({ status: "succeeded", error: null });
    expect(view.plan.every((step) => step.status === "succeeded")).toBe(true);
    const { model, predictions } = view.answer!;
    expect(model!.metrics.roc_auc).toBeGreaterThan(0.75);
    expect(model!.features!.map(({ name }) => name)).toEqual(expect.arrayContaining(["seats", "plan"]));
    expect(predictions).toMatchObject({ rows: 1500 });
    expect(model!.dropped!.map(({ name }) => name)).toContain("shop_accounts.contact");
  });

  test("keeps to what the warehouse's tables are joined with there, and names what stands elsewhere", () => {
    const { datasets, elsewhere } = stepOf(view, "catalog.pin_datasets")!.output as {
      datasets: { pin: string }[];
      elsewhere: string[];
    };
    expect(datasets.map(({ pin }) => pin.split("@")[0]).sort()).toEqual([
      "shop_accounts",
      "shop_invoices",
      "shop_late_ones",
    ]);
    expect(elsewhere).toContain("loaded");
  });

  test("copies labels, matrices and scores, and no table", async () => {
    const copies = manifests().filter(({ place, name }) => !place && name !== "loaded");
    expect([...new Set(copies.map(({ kind }) => kind))].sort()).toEqual(["features", "labels", "scores"]);
    for (const { columns } of copies) {
      const names = columns.map(({ name }) => name);
      expect(names).not.toContain("contact");
      expect(names).not.toContain("invoice_id");
    }
    const placed = manifests().filter(({ place }) => place);
    expect(placed).toHaveLength(4);
    const files = readdirSync(join(it.home, "lake"), { recursive: true, encoding: "utf8" });
    for (const { name } of placed)
      expect(files.filter((file) => file.startsWith(`${name}/`) && file.endsWith(".parquet"))).toEqual([]);
    expect(files.filter((file) => file.startsWith(".scratch/"))).toEqual([]);
  });

  test("has the labels that the warehouse's own rows give, row for row", async () => {
    const { dataset } = stepOf(view, "pipeline.build_labels")!.output as { dataset: string };
    const [there] = (
      await warehouse.admin.query("SELECT count(*)::int AS n, sum(churned::int)::int AS yes FROM shop.accounts")
    ).rows;
    const [here] = await lakeRows<{ n: number; yes: number }>(
      it.home,
      dataset,
      "SELECT count(*)::DOUBLE AS n, count(*) FILTER (WHERE __label = 'true')::DOUBLE AS yes FROM $it",
    );
    expect(here).toEqual(there);
  });

  test("leaves the password in its file and writes nothing there", async () => {
    const kept = ["receipt", "result", "outbox", "audit_event"]
      .map((table) => `exists (select 1 from evidence.${table} t where t::text like '%${warehouse.password}%')`)
      .join(" or ");
    await asSuperuser(it, `do $$ begin if ${kept} then raise exception 'a password is kept'; end if; end $$`);
    const logs = readdirSync(join(it.home, "logs")).map((file) => readFileSync(join(it.home, "logs", file), "utf8"));
    expect(logs.some((text) => text.includes(warehouse.password))).toBe(false);
    const [writes] = (
      await warehouse.admin.query("SELECT sum(n_tup_ins)::int AS n FROM pg_stat_user_tables WHERE schemaname = 'shop'")
    ).rows;
    expect(writes.n).toBe(10_500);
  });

  test("a changed row is another version: the old pin ends conflict, asking again stands on the new one", async () => {
    const [old, empty] = [await newest("shop_accounts"), await newest("shop_nothing_yet")];
    await warehouse.admin.query("UPDATE shop.accounts SET seats = seats + 1 WHERE account_id = 7");
    await warehouse.admin.query("INSERT INTO shop.nothing_yet VALUES (1)");
    // No step of the request read this one: no profile of it is held.
    expect(await it.owner.call("quality.profile_dataset", { dataset: empty }, true)).toMatchObject({
      status: 409,
      body: { error: { code: "conflict", message: expect.stringContaining("shop_nothing_yet changed") } },
    });
    expect(await it.owner.call("quality.profile_dataset", { dataset: "shop_nothing_yet" }, true)).toMatchObject({
      status: 200,
    });
    const again = await it.owner.ask("predict churned in shop_accounts", { name: "leaving" });
    expect(again.status).toBe("succeeded");
    const plan = JSON.stringify(again.plan);
    expect(plan).not.toContain(old);
    expect(plan).toContain(await newest("shop_accounts"));
  });
});
