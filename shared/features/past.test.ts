import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../random.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { compileMatrix } from "./matrix.ts";
import { evaluateWindow, onlineFeature } from "./online.ts";
import { parseRow } from "./raw.ts";
import { createTable, testEngine } from "./testing.ts";
import { eventLog, logFeatures, logProblem, logSchema } from "./testing-log.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

describe("a feature of the own past", () => {
  it("is the same by SQL and from the list of its key's events, for every kind and way to compile it", async () => {
    const rows = eventLog(seededRandom(5), 500);
    await createTable(engine, "log", {
      columns: logSchema,
      rows: rows.map((row) => logSchema.map((c) => row[c.name]!)),
    });
    const source = { dataset: { relation: "log", columns: logSchema }, tables: {} };
    const everything = { share: 0.999999, salt: "all" };
    const parsed = rows.map((row) => parseRow(row, logSchema));
    const seen = new Map<string, number>();
    for (const sample of [undefined, everything]) {
      const { sql } = compileMatrix(
        engine.dialect,
        logProblem,
        { features: logFeatures },
        { ...source, sample },
        "scoring",
      );
      const found = new Map((await engine.query(sql)).map((row) => [row.__entity, row]));
      expect(found.size).toBe(rows.length);
      for (const feature of logFeatures) {
        const online = onlineFeature(feature, logProblem)!;
        const events = new Map<unknown, typeof parsed>();
        for (const row of parsed) events.set(row[online.key], [...(events.get(row[online.key]) ?? []), row]);
        for (const own of parsed) {
          const key = own[online.localKey];
          const others = key === null ? [] : (events.get(key) ?? []).filter((row) => row !== own);
          const value = evaluateWindow(online, others, own.at as never, own);
          const sql = found.get(own.id as string)![feature.name];
          if (value !== null && value !== 0) seen.set(feature.name, (seen.get(feature.name) ?? 0) + 1);
          const alike =
            typeof value === "number" && typeof sql === "number"
              ? Math.abs(value - sql) <= 1e-9 * Math.max(1, Math.abs(value))
              : value === sql;
          if (!alike)
            expect.fail(
              `${feature.name} of ${JSON.stringify(own)}${sample ? " sampled" : ""}: ${value} here, ${sql} in SQL`,
            );
        }
      }
    }
    for (const { name } of logFeatures) expect(seen.get(name) ?? 0, name).toBeGreaterThan(15);
  });
});
