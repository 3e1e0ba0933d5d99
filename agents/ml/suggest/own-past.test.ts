import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Column, ColumnType } from "@muster/shared/domain/dataset.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { compileLabels } from "@muster/shared/features/labels.ts";
import { columns, createTable, testEngine } from "@muster/shared/features/testing.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { type Engine, openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { describe, expect, it } from "vitest";
import { suggestFeatures } from "./suggest.ts";

const fraud = resolve(import.meta.dirname, "../../../../shared/datasets/fraud_transactions/transactions.parquet");
if (!existsSync(fraud)) console.warn(`skipped: no public dataset at ${fraud}`);

async function suggested(engine: Engine, problem: Problem, schema: Column[], rows: number) {
  const manifest = { name: problem.dataset, rows, columns: schema, time: problem.time, arrived: null };
  const relation = { relation: problem.dataset, columns: schema };
  await engine.run(`CREATE TABLE labels AS ${compileLabels(engine.dialect, problem, relation)}`);
  const roles = Object.fromEntries(
    schema.map((c) => [`${problem.dataset}.${c.name}`, c.name === problem.entity ? "key" : "feature"] as const),
  );
  const source = { tables: [{ manifest, relation: problem.dataset }], rows, joins: [], roles };
  return suggestFeatures(engine, problem, source, seededRandom(1));
}

describe("the past of an event table", () => {
  const schema = columns("nr:text", "member:text", "at:timestamp", "price:number", "late:text");
  /** Who buys often within an hour is late; a few members are late half the time. */
  const rows = () => {
    const random = seededRandom(9);
    const made: [string, string, number, number, boolean][] = [];
    for (let i = 0; i < 4000; i++) {
      const at = Date.UTC(2026, 0, 1) + random() * 80 * 86_400_000;
      const member = `m${Math.floor(random() * 200)}`;
      const burst = random() < 0.1;
      for (let n = 0; n < (burst ? 3 : 1); n++)
        made.push([
          `n${made.length}`,
          member,
          at + n * 600_000,
          random() * 50,
          random() < (burst && n > 0 ? 0.9 : Number(member.slice(1)) < 20 ? 0.5 : 0.03),
        ]);
    }
    return made.map(([nr, member, at, price, late]) => [
      nr,
      member,
      new Date(at).toISOString().slice(0, 19).replace("T", " "),
      price,
      late ? "yes" : "no",
    ]);
  };
  const problem = flatProblem({
    ...{ dataset: "orders", target: "late", entity: "nr", time: "at", now: "2026-03-22T00:00:00.000Z" },
    label: { kind: "column", column: "late", positive: "yes" },
    holdout: { kind: "last_time", share: 0.2, time: "at" },
  });

  it("is looked into by keys that come again, and shows what the row alone doesn't", async () => {
    const engine = await testEngine();
    await createTable(engine, "orders", { columns: schema, rows: rows() });
    const { features } = await suggested(engine, problem, schema, 5000);
    const [strongest] = features;
    expect(strongest!.feature).toMatchObject({ table: "orders", key: "member" });
    expect(features.map(({ feature }) => feature.kind)).toEqual(expect.arrayContaining(["window", "recency_days"]));
    expect(features.some(({ feature }) => feature.kind === "label_rate")).toBe(false);
    engine.close();
  });

  it("is read by its labels only where it is said when they are known", async () => {
    const engine = await testEngine();
    await createTable(engine, "orders", { columns: schema, rows: rows() });
    const { features } = await suggested(engine, { ...problem, labelDelayDays: 3 }, schema, 5000);
    const rates = features.flatMap(({ feature }) => (feature.kind === "label_rate" ? [feature] : []));
    expect(rates.length).toBeGreaterThan(0);
    for (const rate of rates) expect(rate).toMatchObject({ key: "member", delayDays: 3 });
    engine.close();
  });
});

describe.skipIf(!existsSync(fraud))("fraud_transactions", () => {
  it("gets windows per customer and terminal and the terminal's delayed rate; the scenario is left out", async () => {
    const engine = await openEngine({ files: [fraud], memoryMb: 2048, threads: 2, timeLimitMs: 600_000 });
    await engine.view("fraud_transactions", fraud);
    const described = await engine.query("DESCRIBE fraud_transactions");
    const types: Record<string, ColumnType> = { BIGINT: "integer", DOUBLE: "number", TIMESTAMP: "timestamp" };
    const schema = described.map((c) => ({ name: String(c.column_name), type: types[String(c.column_type)]! }));
    const [newest] = await engine.query("SELECT max(TX_DATETIME) AS at FROM fraud_transactions");
    const problem = flatProblem({
      ...{ dataset: "fraud_transactions", target: "TX_FRAUD", entity: "TRANSACTION_ID", time: "TX_DATETIME" },
      ...{ labelDelayDays: 7, now: new Date(String(newest!.at)).toISOString() },
      label: { kind: "column", column: "TX_FRAUD", positive: "1" },
      holdout: { kind: "last_time", share: 0.2, time: "TX_DATETIME" },
    });
    const { features, dropped } = await suggested(engine, problem, schema, 593_487);
    const keyed = (kind: string, key: string) =>
      features.filter(({ feature }) => feature.kind === kind && "key" in feature && feature.key === key).length;
    expect(keyed("window", "CUSTOMER_ID")).toBeGreaterThan(0);
    expect(keyed("window", "TERMINAL_ID")).toBeGreaterThan(0);
    expect(keyed("label_rate", "TERMINAL_ID")).toBeGreaterThan(0);
    expect(dropped).toContainEqual(
      expect.objectContaining({ name: "TX_FRAUD_SCENARIO", reason: expect.stringContaining("leaking") }),
    );
    expect(JSON.stringify(features)).not.toContain("TX_FRAUD_SCENARIO");
    expect(features.slice(0, 5).some(({ feature }) => feature.kind === "label_rate")).toBe(true);
    engine.close();
  }, 600_000);
});
