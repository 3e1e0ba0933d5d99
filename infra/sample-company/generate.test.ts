import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateSampleCompany, type SampleCompany, type SampleFile } from "./generate.ts";
import { mean, readRecords } from "./testing.ts";

const CUSTOMERS = 1_500;
const root = mkdtempSync(join(tmpdir(), "sample-company-"));
afterAll(() => rmSync(root, { recursive: true }));

const hashes = (files: readonly SampleFile[]) =>
  files.map(({ name, path }) => [name, createHash("sha256").update(readFileSync(path)).digest("hex")]);
const table = (files: readonly SampleFile[], name: string) => readRecords(files.find((f) => f.name === name)!.path);

let same: SampleCompany;
let shift: SampleCompany;
let broken: SampleCompany;
beforeAll(async () => {
  const make = (nextMonth: "same" | "shift" | "broken_load") =>
    generateSampleCompany(join(root, nextMonth), { seed: 3, customers: CUSTOMERS, nextMonth });
  same = await make("same");
  shift = await make("shift");
  broken = await make("broken_load");
});

describe("the seed", () => {
  it("gives the same bytes twice, next month included", async () => {
    const again = await generateSampleCompany(join(root, "again"), {
      seed: 3,
      customers: CUSTOMERS,
      nextMonth: "shift",
    });
    expect(hashes(again.files)).toEqual(hashes(shift.files));
    expect(hashes(again.nextMonth)).toEqual(hashes(shift.nextMonth));
    expect(again.truth).toEqual(shift.truth);
  });

  it("gives other bytes in every table when it differs", async () => {
    const other = await generateSampleCompany(join(root, "other"), { seed: 4, customers: CUSTOMERS });
    const before = new Map(hashes(same.files) as [string, string][]);
    for (const [name, hash] of hashes(other.files)) expect(hash, name).not.toBe(before.get(name!));
  });

  it("gives the same snapshot whatever the next month is", () => {
    expect(hashes(shift.files)).toEqual(hashes(same.files));
    expect(hashes(broken.files)).toEqual(hashes(same.files));
  });
});

describe("the files", () => {
  it("have unique keys and no row that arrived after the snapshot", () => {
    for (const [name, key] of [
      ["customers", "customer_id"],
      ["contracts", "contract_id"],
      ["support_tickets", "ticket_id"],
      ["card_transactions", "transaction_id"],
    ] as const) {
      const keys = table(same.files, name).map((r) => r[key]);
      expect(new Set(keys).size, name).toBe(keys.length);
    }
    for (const { path, arrived, name } of same.files) {
      if (arrived)
        expect(
          readRecords(path).every((r) => r[arrived]! < "2026-07-01"),
          name,
        ).toBe(true);
    }
  });

  it("mention only customers that are in customers", () => {
    const known = new Set(table(same.files, "customers").map((r) => r.customer_id));
    for (const { path, name } of same.files)
      expect(
        readRecords(path).every((r) => known.has(r.customer_id!)),
        name,
      ).toBe(true);
  });

  it("hold each planted duplicate exactly twice and no other, at most one in a thousand", () => {
    const lines = readFileSync(same.files.find((f) => f.name === "payments")!.path, "utf8")
      .trimEnd()
      .split("\n");
    const counts = new Map<string, number>();
    for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
    const twice = [...counts].filter(([, n]) => n > 1).map(([line]) => line.split(",")[0]);
    expect(twice.length).toBeGreaterThan(0);
    expect(twice.length / lines.length).toBeLessThan(0.001);
    expect(twice.sort()).toEqual([...same.truth.dirty.duplicates.keys].sort());
  });

  it("hold the planted negative minutes, missing cells and shouted categories", () => {
    const negative = table(same.files, "usage_weekly").filter((r) => Number(r.minutes_active) < 0);
    expect(negative.length).toBeGreaterThan(0);
    expect(negative.map(({ customer_id, week_start }) => ({ customer_id, week_start }))).toEqual(
      same.truth.dirty.negative.rows,
    );
    for (const { table: name, column, share } of same.truth.dirty.missing) {
      const seen = mean(table(same.files, name).map((r) => (r[column] === "" ? 1 : 0)));
      expect(seen / share, `${name}.${column}`).toBeGreaterThan(0.5);
      expect(seen / share, `${name}.${column}`).toBeLessThan(1.8);
    }
    for (const { table: name, column, share } of same.truth.dirty.mixedCase) {
      const seen = mean(table(same.files, name).map((r) => (/[A-Z]/.test(r[column]!) ? 1 : 0)));
      expect(seen / share, `${name}.${column}`).toBeGreaterThan(0.5);
      expect(seen / share, `${name}.${column}`).toBeLessThan(1.8);
    }
  });

  it("hold a way to reach a person in the named subjects and in no other", () => {
    const found = table(same.files, "support_tickets").filter((r) => /@example\.|\+\d/.test(r.subject!));
    expect(found.length).toBeGreaterThan(0);
    expect(found.map((r) => r.ticket_id)).toEqual(same.truth.pii.subjects);
  });
});

describe("the next month", () => {
  const usage = (company: SampleCompany, from: string, to: string) =>
    table(company.nextMonth, "usage_weekly").filter((r) => r.week_start! >= from && r.week_start! <= to);
  const minutes = (rows: Record<string, string>[]) => mean(rows.map((r) => Number(r.minutes_active)));
  const payments = (company: SampleCompany, from: string, to: string) =>
    table(company.nextMonth, "payments").filter(
      (r) => r.due_date! >= from && r.due_date! <= to && Number(r.amount) < 60,
    );
  const amount = (rows: Record<string, string>[]) => mean(rows.map((r) => Number(r.amount)));

  it("appends rows to the growing tables and changes nothing before them", () => {
    for (const company of [same, shift, broken]) {
      for (const { path, name, arrived } of company.nextMonth) {
        if (!arrived) continue;
        const before = readFileSync(company.files.find((f) => f.name === name)!.path);
        const after = readFileSync(path);
        expect(after.length, name).toBeGreaterThan(before.length);
        expect(after.subarray(0, before.length).equals(before), name).toBe(true);
      }
    }
  });

  it("writes customers and contracts anew: some contracts have ended since", () => {
    const open = (files: readonly SampleFile[]) =>
      new Set(table(files, "contracts").flatMap((r) => (r.end_date === "" ? [r.contract_id!] : [])));
    const now = open(same.nextMonth);
    const ended = [...open(same.files)].filter((id) => !now.has(id));
    expect(ended.length).toBeGreaterThan(10);
    expect(table(same.nextMonth, "customers").length).toBeGreaterThan(table(same.files, "customers").length);
  });

  it("moves usage and amounts by their factors when it shifts", () => {
    expect(
      minutes(usage(shift, "2026-07-05", "2026-07-12")) / minutes(usage(shift, "2026-06-07", "2026-06-14")),
    ).toBeCloseTo(0.55, 1);
    expect(
      amount(payments(shift, "2026-07-01", "2026-07-20")) / amount(payments(shift, "2026-06-01", "2026-06-20")),
    ).toBeCloseTo(1.35, 1);
  });

  it("moves neither when it is the same", () => {
    const ratio = minutes(usage(same, "2026-07-05", "2026-07-12")) / minutes(usage(same, "2026-06-07", "2026-06-14"));
    expect(Math.abs(ratio - 1)).toBeLessThan(0.06);
    const fees =
      amount(payments(same, "2026-07-01", "2026-07-20")) / amount(payments(same, "2026-06-01", "2026-06-20"));
    expect(Math.abs(fees - 1)).toBeLessThan(0.06);
  });

  it("loses half the usage rows, empties a column and changes a unit when its load is broken", () => {
    const whole = usage(same, "2026-07-05", "2026-07-12");
    const left = usage(broken, "2026-07-05", "2026-07-12");
    expect(Math.abs(left.length / whole.length - 0.5)).toBeLessThan(0.05);
    expect(left.every((r) => r.features_used === "")).toBe(true);
    expect(minutes(left) / minutes(whole)).toBeGreaterThan(50);
    const others = (company: SampleCompany) => hashes(company.nextMonth.filter((f) => f.name !== "usage_weekly"));
    expect(others(broken)).toEqual(others(same));
  });
});
