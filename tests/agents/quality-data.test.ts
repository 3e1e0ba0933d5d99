import type { Check } from "@muster/shared/fact/table.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Qualified, startQuality } from "../support/qualified.ts";
import { publicDatasets, publicFile } from "../support/story.ts";

type Suspicion = { column: string; because: string; cells: number; rows: string };

describe.skipIf(!publicDatasets())("quality on public data", () => {
  let it: Qualified;
  beforeAll(async () => {
    it = await startQuality();
  }, 60_000);
  afterAll(() => it?.stop());

  test("dirty_hospital: most cells that are suspected are wrong ones, named by column and counted", async () => {
    const pin = await it.loadFile(publicFile("dirty_hospital", "hospital.csv"), "hospital");
    const found = (await it.ask("find_outliers", { dataset: pin })).output as {
      cells: number;
      suspicions: Suspicion[];
    };
    expect(found.cells).toBeGreaterThan(400);
    expect(found.cells).toBeLessThan(650);
    expect(found.suspicions.some(({ column, because }) => column === "HospitalType" && because === "typo")).toBe(true);
    expect(JSON.stringify(found)).not.toMatch(/hxspital|birmingham/i);
    const suggested = await it.of<{ expectations: { type: string; columns: string[] }[] }>("suggest_expectations", pin);
    const dependencies = suggested.expectations.filter(({ type }) => type === "expect_column_to_be_determined_by");
    expect(dependencies.map(({ columns }) => columns.join(" ← "))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^City ← /), expect.stringMatching(/^MeasureName ← /)]),
    );
  });

  test("online_retail: missing customers, negative quantities and copies are counted as they are known to be", async () => {
    const pin = await it.loadFile(publicFile("online_retail", "online_retail.parquet"), "retail");
    const { output, given } = await it.ask("profile_dataset", { dataset: pin });
    const profile = output as { rows: number; duplicateRows: number; columns: { name: string; nullShare: number }[] };
    expect(profile).toMatchObject({ rows: 541_909, duplicateRows: 5268 });
    expect(Math.round(541_909 * profile.columns.find(({ name }) => name === "CustomerID")!.nullShare)).toBe(135_080);
    const expectation = {
      type: "expect_column_values_to_be_between",
      kwargs: { column: "Quantity", min_value: 0, max_value: null, mostly: 1 },
    };
    await it.confirmed("define_expectation", { dataset: pin, expectation, severity: "error", because: "sold goods" });
    const checked = (await it.ask("check_dataset", { dataset: pin }, [given[0]!.id])).output as {
      passed: boolean;
      checks: Check[];
    };
    expect(checked.passed).toBe(false);
    const failed = checked.checks.find(({ name }) => name === "expect_column_values_to_be_between(Quantity)")!;
    expect(failed).toMatchObject({ success: false, observed: { evaluated: 541_909, unexpected: 10_624 } });
    expect(failed.rows).toContain(`FROM "retail"`);
  }, 120_000);

  test("northwind: hardly a cell is suspected, and what holds of orders is found", async () => {
    const pin = await it.loadFile(publicFile("northwind", "orders.csv"), "orders");
    const found = (await it.ask("find_outliers", { dataset: pin })).output as { share: number };
    expect(found.share).toBeLessThan(0.001);
    const { expectations } = await it.of<{ expectations: { type: string; columns: string[] }[] }>(
      "suggest_expectations",
      pin,
    );
    const pairs = expectations.map(({ type, columns }) => `${type}(${columns.join(", ")})`);
    expect(pairs).toContain("expect_column_pair_values_a_to_be_greater_than_b(shipped_date, order_date)");
    expect(pairs.some((one) => one.startsWith("expect_column_to_be_determined_by(ship_country"))).toBe(true);
  });
});
