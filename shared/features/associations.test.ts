import { beforeEach, describe, expect, it } from "vitest";
import { normal, seededRandom } from "../random.ts";
import { rocAuc } from "../stats/metrics.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import {
  compileAssociations,
  compileCorrelations,
  type Measured,
  readAssociations,
  readCorrelations,
} from "./associations.ts";
import { columns, createTable, testEngine } from "./testing.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

const measured: Measured[] = [
  { name: "noise", type: "number" },
  { name: "signal", type: "number" },
  { name: "tied", type: "number" },
  { name: "yr", type: "number" },
  { name: 'odd "one', type: "category" },
  { name: "same", type: "category" },
  { name: "only missing tells", type: "category" },
];
const N = 2000;
const binary = { task: "binary", label: { kind: "column", column: "y", positive: "yes" } } as const;

async function matrix(label: (x: number, i: number) => string | number | null, type: "text" | "number") {
  const random = seededRandom(3);
  const rows = Array.from({ length: N }, (_, i) => {
    const x = normal(random);
    const noise = normal(random);
    const y = label(x, i);
    return [
      i,
      `e${i}`,
      y,
      noise,
      x,
      Math.round(x),
      i % 4 === 0 ? null : x,
      ["a", "b", "c"][i % 3]!,
      `${y}`,
      y === "yes" ? null : "v",
    ];
  });
  const schema = columns(
    "__row:integer",
    "__entity:text",
    `__label:${type}`,
    "noise:number",
    "signal:number",
    "tied:number",
    "yr:number",
    'odd "one:text',
    "same:text",
    "only missing tells:text",
  );
  await createTable(engine, "m", { columns: schema, rows });
  return rows;
}

describe("associations with the target", () => {
  it("give the ROC AUC with ties at half, over the rows that have the value", async () => {
    const random = seededRandom(5);
    const rows = await matrix((x) => (x + normal(random) > 1 ? "yes" : "no"), "text");
    const found = readAssociations(measured, await engine.query(compileAssociations(measured, "m", binary, N)));
    expect(found.map((a) => a.name)).toEqual(measured.map((m) => m.name));
    for (const [i, column] of [3, 4, 5, 6].entries()) {
      const having = rows.filter((r) => r[column] !== null);
      const labels = having.map((r) => (r[2] === "yes" ? 1 : 0));
      expect(found[i]!.rank, measured[i]!.name).toBeCloseTo(
        rocAuc(
          labels,
          having.map((r) => Number(r[column])),
        ),
        8,
      );
    }
    expect(found[3]).toMatchObject({ rows: N, missing: 500, distinct: 1500 });
    expect(found[0]!.information).toBeLessThan(0.01);
    expect(found[1]!.information).toBeGreaterThan(0.1);
    expect(found[4]!.information).toBeLessThan(0.01);
    expect(found[5]!.information).toBeGreaterThan(0.99);
    expect(found[6]!.information).toBeGreaterThan(0.99);
    expect(found[6]!.rank).toBeNull();
  });

  it("give Spearman's correlation for amounts", async () => {
    await matrix((x) => x ** 3, "number");
    const problem = { task: "regression", label: { kind: "column", column: "y", positive: null } } as const;
    const found = readAssociations(measured, await engine.query(compileAssociations(measured, "m", problem, N)));
    expect(found[1]!.rank).toBeCloseTo(1, 8);
    expect(Math.abs(found[0]!.rank!)).toBeLessThan(0.08);
    const tied =
      await engine.query(`SELECT corr(a, b) AS r FROM (SELECT rank() OVER (ORDER BY tied) + (count(*) OVER (PARTITION BY tied) - 1) / 2.0 AS a,
      rank() OVER (ORDER BY __label) AS b FROM m)`);
    expect(found[2]!.rank).toBeCloseTo(Number(tied[0]!.r), 8);
  });

  it("give the shared information for many classes", async () => {
    await matrix((x) => (x < -0.5 ? "low" : x > 0.5 ? "high" : "mid"), "text");
    const problem = { task: "multiclass", label: { kind: "column", column: "y", positive: null } } as const;
    const found = readAssociations(measured, await engine.query(compileAssociations(measured, "m", problem, N)));
    expect(found[1]!.rank).toBeNull();
    expect(found[1]!.information).toBeGreaterThan(0.7);
    expect(found[0]!.information).toBeLessThan(0.01);
  });

  it("are measured on a bounded number of rows, the same ones each time", async () => {
    await matrix((_, i) => (i % 2 ? "yes" : "no"), "text");
    const sql = compileAssociations(measured, "m", binary, 300);
    const measure = async () => readAssociations(measured, await engine.query(sql));
    const found = await measure();
    expect(found[0]!.rows).toBe(300);
    for (let i = 0; i < 5; i++) expect(await measure()).toEqual(found);
  });

  it("don't exist for a constant", async () => {
    await matrix(() => "no", "text");
    const [first] = readAssociations(measured, await engine.query(compileAssociations(measured, "m", binary, N)));
    expect(first).toMatchObject({ rank: null, information: 0 });
  });
});

describe("correlations", () => {
  it("are measured pair by pair", async () => {
    await matrix(() => "no", "text");
    const pairs: [string, string][] = [
      ["signal", "yr"],
      ["signal", "noise"],
    ];
    const found = readCorrelations(pairs, (await engine.query(compileCorrelations(pairs, "m")))[0]!);
    expect(found[0]).toMatchObject({ left: "signal", right: "yr" });
    expect(found[0]!.r).toBeCloseTo(1, 8);
    expect(Math.abs(found[1]!.r)).toBeLessThan(0.08);
  });
});
