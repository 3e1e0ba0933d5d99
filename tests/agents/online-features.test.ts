import { type Keyed, openKeyed } from "@muster/bus/keyed.ts";
import { startServers, type TestServers } from "@muster/infra/testing.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { onlineFeatures } from "@muster/shared/features/online-groups.ts";
import type { RawValue } from "@muster/shared/features/raw.ts";
import { testEngine } from "@muster/shared/features/testing.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onlineLookup } from "../../agents/ml/serving/online-lookup.ts";
import type { RawTable } from "../../agents/ml/serving/table.ts";
import { publishOnline, unpublish } from "../../agents/pipeline/online/publish.ts";

const ROWS = 100_000;
const columns = [
  { name: "tx", type: "integer" },
  { name: "card", type: "integer" },
  { name: "shop", type: "text" },
  { name: "at", type: "timestamp" },
  { name: "amount", type: "number" },
  { name: "kind", type: "text" },
  { name: "fraud", type: "boolean" },
] as const;
const log = { relation: "log", columns };
const problem = flatProblem({
  dataset: "log",
  entity: "tx",
  time: "at",
  target: "fraud",
  label: { kind: "column", column: "fraud", positive: "true" },
  labelDelayDays: 7,
  holdout: { kind: "last_time", share: 0.2, time: "at" },
});
const by = (key: string) => ({ table: "log", key, localKey: key, time: "at", arrived: null });
const features: Feature[] = (["card", "shop"] as const).flatMap((key): Feature[] => {
  const window = { kind: "window", ...by(key), where: null } as const;
  return [
    { ...window, name: `${key}_n_10min`, aggregate: "count", column: null, days: 10 / 1440 },
    { ...window, name: `${key}_n_7d`, aggregate: "count", column: null, days: 7 },
    { ...window, name: `${key}_sum_7d`, aggregate: "sum", column: "amount", days: 7 },
    { ...window, name: `${key}_mean_1d`, aggregate: "mean", column: "amount", days: 1 },
    { ...window, name: `${key}_max_7d`, aggregate: "max", column: "amount", days: 7 },
    { ...window, name: `${key}_kinds_7d`, aggregate: "distinct", column: "kind", days: 7 },
    { kind: "recency_days", name: `${key}_since`, ...by(key) },
    { kind: "mean_ratio", name: `${key}_to_mean`, ...by(key), column: "amount", days: 7 },
    { kind: "lag", name: `${key}_last`, ...by(key), column: "kind", type: "text", back: 1 },
    { kind: "label_rate", name: `${key}_rate`, key, days: 14, delayDays: 7 },
  ];
});
const view = {
  hash: "ab".repeat(32),
  name: "fraud_view",
  problem: problem.hash,
  dataset: "log",
  entity: "tx",
  features,
};
const pins = [`log@${"cd".repeat(32)}`];

describe("online features, over 100,000 rows of 60 days", () => {
  let servers: TestServers;
  let keyed: Keyed;
  let engine: Engine;
  beforeAll(async () => {
    servers = await startServers({ redis: true });
    keyed = openKeyed(servers.redisUrl);
    engine = await testEngine();
    // Bursts: every seventh row follows the one before within minutes; some keys, amounts and labels are missing.
    await engine.run(`CREATE TABLE log AS SELECT i AS tx,
      CASE WHEN i % 97 = 0 THEN NULL ELSE (hash(i // 7) % 4000)::BIGINT END AS card, 'shop ' || (hash(i, 'shop') % 3000) AS shop,
      TIMESTAMP '2026-01-01' + to_microseconds(CAST((i // 7) * 7 * 51840000000.0 / 1000 + (i % 7) * 47000000 + hash(i) % 1000000 AS BIGINT)) AS "at",
      CASE WHEN i % 53 = 0 THEN NULL ELSE (hash(i, 'amount') % 100000) / 97.0 END AS amount, 'kind ' || (hash(i, 'kind') % 5) AS kind,
      CASE WHEN i % 31 = 0 THEN NULL ELSE hash(i, 'fraud') % 50 = 0 END AS fraud FROM range(${ROWS}) r(i)`);
  }, 60_000);
  afterAll(async () => {
    await keyed?.close();
    engine?.close();
    await servers?.stop();
  });

  /** Rows of the log as they are sent to be scored. */
  async function sent(where: string): Promise<RawTable> {
    const rows = await engine.query(
      `SELECT tx, card, shop, epoch_us("at")::DOUBLE AS "at", amount, kind FROM log WHERE ${where} ORDER BY tx`,
    );
    const of = (name: string) =>
      rows.map((row): RawValue => (name === "at" ? { micros: Number(row.at) } : (row[name] as RawValue)));
    const names = ["tx", "card", "shop", "at", "amount", "kind"];
    return { rows: rows.length, columns: new Map(names.map((name) => [name, of(name)])), keys: null };
  }

  test("have the values that the same definitions have in SQL, to 1e-6", async () => {
    const state = await publishOnline(keyed, engine, { view, problem, columns: { log: [...columns] }, pins });
    const from = Math.max(...state.groups.map(({ fullFrom }) => fullFrom ?? 0));
    const { sql } = compileMatrix(duckdb, problem, { features }, { dataset: log, tables: { log } }, "scoring");
    const names = features.map(({ name }) => `"${name}"`).join(", ");
    const offline = await engine.query(`SELECT __entity::BIGINT AS tx, ${names} FROM (${sql}) ORDER BY 1`);
    expect(offline).toHaveLength(ROWS);
    const all = await sent("true");
    const lookup = onlineLookup(keyed, view, problem, new Set(features.map(({ name }) => name)));
    const kept = offline.map((_, i) => (all.columns.get("at")![i] as { micros: number }).micros >= from);
    const rows = offline.flatMap((row, i) => (kept[i] ? [row] : []));
    const table: RawTable = {
      rows: rows.length,
      columns: new Map([...all.columns].map(([name, values]) => [name, values.filter((_, i) => kept[i])])),
      keys: null,
    };
    const { values, asOf } = await lookup.find(table);
    expect(asOf).toBe(state.asOf);
    let compared = 0;
    let worst = 0;
    let there = 0;
    for (const { name } of features) {
      const online = values.get(name)!;
      rows.forEach((row, i) => {
        const [a, b] = [online[i]!, row[name] as number | string | null];
        compared++;
        if (typeof a === "number" && typeof b === "number") {
          there++;
          worst = Math.max(worst, Math.abs(a - b) / Math.max(1, Math.abs(b)));
        } else if (a !== b) throw new Error(`${name} of row ${i} is ${a} online and ${b} in SQL`);
      });
    }
    expect(rows).toHaveLength(ROWS);
    expect(compared).toBe(rows.length * features.length);
    expect(there).toBeGreaterThan(compared / 2);
    expect(worst).toBeLessThan(1e-6);
  }, 180_000);

  test("a row too old for what is kept is refused, one of an unknown card has no past", async () => {
    // A week's windows alone: what came before two of them is left out.
    const week = features.filter((feature) => feature.kind === "window" && feature.days === 7);
    const short = { ...view, hash: "ef".repeat(32), features: week };
    const { groups } = await publishOnline(keyed, engine, {
      view: short,
      problem,
      columns: { log: [...columns] },
      pins,
    });
    expect(groups.map(({ fullFrom }) => fullFrom !== null)).toEqual([true, true]);
    const lookup = onlineLookup(keyed, short, problem, new Set(["card_n_7d", "shop_n_7d"]));
    await expect(lookup.find(await sent("tx = 5"))).rejects.toMatchObject({ code: "unfit" });
    const table = await sent(`tx = ${ROWS - 1}`);
    table.columns.set("card", [123_456_789]);
    const { values } = await lookup.find(table);
    const whole = await onlineLookup(keyed, view, problem, new Set(["card_since", "shop_n_7d"])).find(table);
    expect([values.get("card_n_7d"), whole.values.get("card_since")]).toEqual([[1], [null]]);
    expect(values.get("shop_n_7d")).toEqual(whole.values.get("shop_n_7d"));
  });

  test("nothing online is told as such, never answered with made-up values", async () => {
    await unpublish(keyed, view.hash);
    const lookup = onlineLookup(keyed, view, problem, new Set(["card_n_7d"]));
    await expect(lookup.find(await sent(`tx = ${ROWS - 1}`))).rejects.toMatchObject({ code: "unavailable" });
  });

  test("features of common cutoffs aren't online: they are fixed there", () => {
    const cutoffs = { ...problem, label: { kind: "ended", start: "at", end: "ended", graceDays: 0 } } as typeof problem;
    expect(onlineFeatures({ features }, cutoffs)).toEqual([]);
  });
});
