import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateSampleCompany, type SampleCompany } from "./generate.ts";
import { daysAfter, grouped, mean, readRecords } from "./testing.ts";

const root = mkdtempSync(join(tmpdir(), "sample-truth-"));
afterAll(() => rmSync(root, { recursive: true }));

type Row = Record<string, string>;
let company: SampleCompany;
const tables: Record<string, Row[]> = {};
beforeAll(async () => {
  company = await generateSampleCompany(root, { seed: 7 });
  for (const { name, path } of company.files) tables[name] = readRecords(path);
});

const NEXT_QUARTER: Record<string, string> = {
  "2025-04-01": "2025-07-01",
  "2025-07-01": "2025-10-01",
  "2025-10-01": "2026-01-01",
  "2026-01-01": "2026-04-01",
};

/** The label's rule over the written dates alone. */
function labelsFromDates(cutoff: string): Record<string, 0 | 1> {
  const labels: Record<string, 0 | 1> = {};
  for (const [customer, rows] of grouped(tables.contracts!, "customer_id")) {
    const active = rows.filter((r) => r.start_date! <= cutoff && (r.end_date === "" || r.end_date! > cutoff));
    if (active.length === 0) continue;
    const left = rows.some((r) => {
      if (r.end_date === "" || r.end_date! <= cutoff || r.end_date! >= NEXT_QUARTER[cutoff]!) return false;
      const grace = daysAfter(r.end_date!, 30);
      return !rows.some((other) => other !== r && other.start_date! >= r.end_date! && other.start_date! <= grace);
    });
    labels[customer] = left ? 1 : 0;
  }
  return labels;
}

describe("the size", () => {
  it("is about 10,000 customers and a million rows under 120 MB", () => {
    const { rows } = company.truth;
    const total = Object.values(rows).reduce((a, b) => a + b, 0);
    expect(Math.abs(rows.customers! - 10_000)).toBeLessThan(400);
    expect(Math.abs(total - 1_050_000)).toBeLessThan(100_000);
    for (const [name, count] of Object.entries(rows)) expect(tables[name]!.length, name).toBe(count);
    expect(company.files.reduce((sum, f) => sum + statSync(f.path).size, 0)).toBeLessThan(120e6);
  });
});

describe("the labels", () => {
  it("equal those recomputed from the written dates at every closed cutoff", () => {
    for (const [cutoff, labels] of Object.entries(company.truth.labels))
      expect(labelsFromDates(cutoff), cutoff).toEqual(labels);
  });

  it("say that 8 to 12 in 100 leave in each quarter", () => {
    const all = { ...company.truth.labels, ...company.truth.future };
    expect(Object.keys(all).length).toBe(6);
    for (const [cutoff, labels] of Object.entries(all)) {
      const rate = mean(Object.values(labels));
      expect(rate, cutoff).toBeGreaterThan(0.08);
      expect(rate, cutoff).toBeLessThan(0.12);
    }
  });

  it("don't hang on whether a boundary counts: nothing starts or ends on the first day of a quarter", () => {
    const first = /-(01|04|07|10)-01$/;
    expect(tables.contracts!.some((r) => first.test(r.start_date!) || first.test(r.end_date!))).toBe(false);
  });

  it("tell a plan change from a leaving: both kinds of successor exist, and none near the grace's end", () => {
    const gaps: number[] = [];
    for (const rows of grouped(tables.contracts!, "customer_id").values())
      rows.slice(1).forEach((r, i) => {
        gaps.push((Date.parse(r.start_date!) - Date.parse(rows[i]!.end_date!)) / 86_400_000);
      });
    expect(gaps.filter((g) => g <= 22).length).toBeGreaterThan(500);
    expect(gaps.filter((g) => g >= 45).length).toBeGreaterThan(500);
    expect(gaps.some((g) => g < 0 || (g > 22 && g < 45))).toBe(false);
  });
});

describe("what can't be known at a cutoff", () => {
  it("fills the leaking column exactly when the contract has ended", () => {
    const { table, column, after } = company.truth.leaking;
    expect(tables[table]!.every((r) => (r[column] !== "") === (r[after] !== ""))).toBe(true);
  });

  it("overwrites the status of everyone who left, with an update time after the cutoff", () => {
    const { table, updatedAt } = company.truth.overwritten;
    const rows = new Map(tables[table]!.map((r) => [r.customer_id!, r]));
    for (const [cutoff, labels] of Object.entries(company.truth.labels)) {
      const left = Object.keys(labels).filter((id) => labels[id] === 1);
      expect(
        left.every((id) => rows.get(id)![updatedAt]! > cutoff),
        cutoff,
      ).toBe(true);
      const shown = mean(left.map((id) => (rows.get(id)!.account_status === "active" ? 0 : 1)));
      expect(shown, cutoff).toBeGreaterThan(0.7);
    }
    const closing = tables[table]!.filter((r) => r.account_status === "closing");
    const future = company.truth.future["2026-07-01"]!;
    expect(closing.length).toBeGreaterThan(50);
    expect(closing.every((r) => future[r.customer_id!] === 1)).toBe(true);
  });
});

describe("the drivers", () => {
  const cutoff = "2026-01-01";
  const within = (name: string, time: string, from: string) =>
    grouped(
      tables[name]!.filter((r) => r[time]! > from && r[time]! < cutoff && r.loaded_at! < cutoff),
      "customer_id",
    );
  /** The share of those who leave and of those who stay for whom the sign holds. */
  const shares = (sign: (customer: string) => boolean): [number, number] => {
    const entries = Object.entries(company.truth.labels[cutoff]!);
    const share = (label: 0 | 1) => mean(entries.filter(([, l]) => l === label).map(([id]) => (sign(id) ? 1 : 0)));
    return [share(1), share(0)];
  };

  it("show falling use before leaving", () => {
    const recent = within("usage_weekly", "week_start", daysAfter(cutoff, -35));
    const before = within("usage_weekly", "week_start", daysAfter(cutoff, -119));
    const logins = (rows: Row[] | undefined) => (rows ? mean(rows.map((r) => Number(r.logins))) : 0);
    const [leaving, staying] = shares((id) => logins(recent.get(id)) < 0.75 * logins(before.get(id)));
    expect(leaving).toBeGreaterThan(2.2 * staying);
  });

  it("show late and failed payments before leaving", () => {
    const paid = within("payments", "due_date", daysAfter(cutoff, -60));
    const [leaving, staying] = shares((id) => (paid.get(id) ?? []).some((r) => r.status !== "paid"));
    expect(leaving).toBeGreaterThan(2.2 * staying);
  });

  it("show tickets of high priority or unresolved before leaving", () => {
    const tickets = within("support_tickets", "opened_at", daysAfter(cutoff, -30));
    const [leaving, staying] = shares((id) =>
      (tickets.get(id) ?? []).some((r) => r.priority === "high" || r.closed_at === ""),
    );
    expect(leaving).toBeGreaterThan(3 * staying);
  });

  it("show monthly billing before leaving, less strongly", () => {
    const billing = new Map(tables.contracts!.filter((r) => r.start_date! < cutoff).map((r) => [r.customer_id!, r]));
    const [leaving, staying] = shares((id) => billing.get(id)!.billing_cycle === "monthly");
    expect(leaving).toBeGreaterThan(1.15 * staying);
    expect(leaving).toBeLessThan(2 * staying);
  });
});

describe("the fraud", () => {
  const seconds = (r: Row) => Date.parse(`${r.transaction_at!.replace(" ", "T")}Z`) / 1000;

  it("is exactly the planted bursts and the planted large ones", () => {
    const { bursts, large } = company.truth.fraud;
    const planted = [...bursts.flatMap((b) => b.transactions), ...large].sort();
    const marked = tables.card_transactions!.filter((r) => r.is_fraud === "1").map((r) => r.transaction_id!);
    expect(marked.sort()).toEqual(planted);
    expect(bursts.length).toBeGreaterThan(600);
    expect(large.length).toBeGreaterThan(50);
  });

  it("comes in bursts of small payments on one card within ten minutes", () => {
    const rows = new Map(tables.card_transactions!.map((r) => [r.transaction_id!, r]));
    const { bursts, burst } = company.truth.fraud;
    for (const { transactions, card_id } of bursts) {
      const found = transactions.map((id) => rows.get(id)!);
      const times = found.map(seconds);
      expect(Math.max(...times) - Math.min(...times)).toBeLessThan(burst.minutes * 60);
      expect(found.every((r) => r.card_id === card_id && Number(r.amount) >= 1 && Number(r.amount) <= 5)).toBe(true);
    }
    const full = bursts.filter((b) => b.transactions.length >= burst.payments.from);
    expect(full.length / bursts.length).toBeGreaterThan(0.98);
  });

  it("looks like honest small payments one by one, and like nothing honest in a ten-minute window", () => {
    const fraud = new Set(company.truth.fraud.bursts.flatMap((b) => b.transactions));
    const small = tables.card_transactions!.filter((r) => Number(r.amount) <= 5);
    const honest = small.filter((r) => r.is_fraud === "0");
    const planted = small.filter((r) => fraud.has(r.transaction_id!));
    const amounts = (rows: Row[]) => mean(rows.map((r) => Number(r.amount)));
    expect(Math.abs(amounts(planted) - amounts(honest))).toBeLessThan(0.1);
    for (const category of ["coffee", "parking", "transit", "apps"]) {
      const share = (rows: Row[]) => mean(rows.map((r) => (r.merchant_category === category ? 1 : 0)));
      expect(Math.abs(share(planted) - share(honest)), category).toBeLessThan(0.05);
    }
    let dense = 0;
    let denseAndHonest = 0;
    for (const rows of grouped(small, "customer_id").values()) {
      const times = rows.map(seconds);
      rows.forEach((r, i) => {
        const count = times.filter((t) => t <= times[i]! && t > times[i]! - 600).length;
        if (count < 4) return;
        dense++;
        if (r.is_fraud === "0") denseAndHonest++;
      });
    }
    expect(dense).toBeGreaterThan(1_500);
    expect(denseAndHonest / dense).toBeLessThan(0.02);
  });
});
