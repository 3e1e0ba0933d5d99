import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSampleCompany } from "@muster/infra/sample-company/generate.ts";
import { type SuggestSource, suggestFeatures } from "@muster/ml/suggest/suggest.ts";
import { testProblem } from "@muster/shared/features/testing-problem.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import { storageType } from "@muster/shared/warehouse/storage.ts";
import { describe, expect, test } from "vitest";
import { reads } from "../support/drivers.ts";

const tables = ["contracts", "customers", "usage_weekly", "payments", "support_tickets"];

/** The features suggested for churn in a sample company, and its truth. */
async function suggested(seed: number) {
  const folder = await mkdtemp(join(tmpdir(), "muster-drivers-"));
  const { files, truth } = await generateSampleCompany(folder, { seed, customers: 3000 });
  const engine = await openEngine({ files: files.map(({ path }) => path), memoryMb: 2048, threads: 2 });
  try {
    const { pii, leaking, overwritten, rule, cutoffs } = truth;
    const personal = new Set([...pii.direct.columns, ...pii.quasi.columns, "subject"]);
    const source: SuggestSource = { tables: [], rows: 0, joins: [], roles: {} };
    for (const { name, path, time = null, arrived = null } of files.filter((file) => tables.includes(file.name))) {
      await engine.run(`CREATE TABLE ${name} AS SELECT * FROM read_csv(${quoteLiteral(path)}, nullstr = '')`);
      const described = await engine.query<{ column_name: string; column_type: string }>(`DESCRIBE ${name}`);
      const columns = described
        .map((d) => ({ name: d.column_name, type: storageType(d.column_type) }))
        .filter((column) => !personal.has(column.name));
      const [{ n } = { n: 0 }] = await engine.query(`SELECT count(*) AS n FROM ${name}`);
      source.tables.push({ manifest: { name, rows: Number(n), columns, time, arrived }, relation: name });
      for (const column of columns)
        Object.assign(source.roles, { [`${name}.${column.name}`]: column.name.endsWith("_id") ? "key" : "feature" });
      const right = { dataset: name, column: rule.entity };
      if (name !== rule.table)
        source.joins.push({ left: { ...right, dataset: rule.table }, right, unique: name === "customers" });
      else source.rows = Number(n);
    }
    const problem = testProblem({
      ...{ dataset: rule.table, entity: rule.entity, labelDelayDays: rule.graceDays, horizon: rule.horizon },
      label: { kind: "ended", start: rule.start, end: rule.end, graceDays: rule.graceDays },
      cutoffs: { training: [...cutoffs.training], holdout: cutoffs.holdout, scoring: cutoffs.scoring },
      holdout: { kind: "last_cutoff", cutoff: cutoffs.holdout },
    });
    return { truth, leaking, overwritten, ...(await suggestFeatures(engine, problem, source, seededRandom(seed))) };
  } finally {
    engine.close();
    await rm(folder, { recursive: true });
  }
}

describe("what drives churn in the sample company", () => {
  test.each([7, 20260630])("is read by the first ten suggested features, seed %d", async (seed) => {
    const { truth, features, redundant, leaking, overwritten } = await suggested(seed);
    const first = features.slice(0, 10).map(({ feature }) => feature);
    const missing = truth.drivers.filter(
      ({ table, columns }) => !first.some((feature) => reads(feature, table, columns, truth.rule.table)),
    );
    expect(
      missing.map(({ what }) => what),
      first.map(({ name }) => name).join(", "),
    ).toEqual([]);
    for (const { strength, noise } of features.slice(0, 10)) expect(strength).toBeGreaterThan(noise);
    for (const { table, column } of [leaking, overwritten])
      expect(features.filter(({ feature }) => reads(feature, table, [column], truth.rule.table))).toEqual([]);
    const place = new Map(features.map(({ feature }, i) => [feature.name, i]));
    expect(redundant.length).toBeGreaterThan(0);
    for (const one of redundant) {
      expect(Math.abs(one.number)).toBeGreaterThanOrEqual(0.95);
      expect(place.get(one.with)).toBeLessThan(place.get(one.name)!);
    }
  });
});
