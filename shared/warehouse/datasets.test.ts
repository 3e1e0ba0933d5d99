import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DatasetManifest } from "../domain/dataset.ts";
import { ingest } from "./ingest.ts";
import { type Lake, openLake } from "./lake.ts";

const datasets = resolve(import.meta.dirname, "../../../shared/datasets");
if (!existsSync(datasets)) console.warn(`skipped: no public datasets at ${datasets}`);

describe.skipIf(!existsSync(datasets))("public datasets", () => {
  let home: string;
  let lake: Lake;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "muster-datasets-"));
    await mkdir(join(home, "inbox"));
    lake = await openLake(home);
  });
  afterAll(() => rm(home, { recursive: true }));

  const load = async (path: string) => {
    await copyFile(join(datasets, path), join(home, "inbox", basename(path)));
    return ingest({ lake, inbox: join(home, "inbox"), file: basename(path), now: new Date(0) });
  };
  const typeOf = (manifest: DatasetManifest, name: string) => manifest.columns.find((c) => c.name === name)?.type;

  it.each<[string, number, number, string | null, Record<string, string>]>([
    [
      "telco_churn/telco_churn.csv",
      7043,
      21,
      null,
      { TotalCharges: "number", SeniorCitizen: "integer", Churn: "text" },
    ],
    ["credit_g/credit_g.csv", 1000, 21, null, { credit_amount: "integer", class: "text" }],
    ["bike_sharing/bike_hourly.csv", 17379, 15, "dteday", { dteday: "date", temp: "number", cnt: "integer" }],
    ["phoneme/phoneme.csv", 5404, 6, null, { column_1: "number", column_6: "integer" }],
    ["pii_fakenames/people.csv", 3000, 30, null, { Number: "integer", Birthday: "date", ZipCode: "text" }],
    ["northwind/territories.csv", 53, 3, null, { territory_id: "text" }],
    ["northwind/categories.csv", 8, 4, null, { picture: "text" }],
    ["northwind/orders.csv", 830, 14, "order_date", { order_date: "date", ship_postal_code: "text" }],
    ["dirty_hospital/hospital.csv", 1000, 19, null, { ProviderNumber: "text" }],
    [
      "fraud_transactions/transactions.parquet",
      593487,
      9,
      "TX_DATETIME",
      { TX_DATETIME: "timestamp", TX_AMOUNT: "number" },
    ],
    ["online_retail/online_retail.parquet", 541909, 8, "InvoiceDate", { InvoiceNo: "text" }],
  ])("loads %s", async (path, rows, columns, time, types) => {
    const manifest = await load(path);
    expect([manifest.rows, manifest.columns.length, manifest.time]).toEqual([rows, columns, time]);
    for (const [name, type] of Object.entries(types)) expect(typeOf(manifest, name)).toBe(type);
    expect(await load(path)).toEqual(manifest);
  });
});
