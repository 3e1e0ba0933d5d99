import type { Task } from "@muster/shared/domain/problem.ts";
import { compileAssociations, readAssociations } from "@muster/shared/features/associations.ts";
import { columns, createTable, testEngine } from "@muster/shared/features/testing.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { strengthOf } from "../suggest-features.ts";
import { associationOf, noiseOf } from "./noise.ts";
import { numberColumn, readSample, targetColumn } from "./sampled.ts";

const schema = columns(
  "__row:integer",
  "__entity:text",
  "__cutoff:timestamp",
  "__label:text",
  "n:number",
  "few:number",
  "c:text",
  "d:number",
);
const measured = [
  ...(["n", "few", "d"] as const).map((name) => ({ name, type: "number" as const })),
  { name: "c", type: "category" as const },
];

/** 800 rows whose label goes with all columns; some values are missing, and many are the same. */
const rows = (task: Task) => {
  const random = seededRandom(4);
  return Array.from({ length: 800 }, (_, i) => {
    const y = normal(random);
    const label = task === "regression" ? y : task === "binary" ? (y > 0.7 ? "yes" : "no") : ["a", "b", "c"][i % 3]!;
    const few = Math.round(y + normal(random));
    const n = random() < 0.1 ? null : y + 2 * normal(random);
    return [i, `e${i}`, null, label, n, few, random() < 0.2 ? null : `c${Math.abs(few) % 4}`, random()];
  });
};

describe("how a feature goes with the target, from its rows", () => {
  it.each<Task>(["binary", "multiclass", "regression"])("is the same as from SQL: %s", async (task) => {
    const engine = await testEngine();
    try {
      const typed = schema.map((c) =>
        c.name === "__label" && task === "regression" ? { ...c, type: "number" as const } : c,
      );
      await createTable(engine, "m", { columns: typed, rows: rows(task) });
      const problem = flatProblem({ task });
      const sql = readAssociations(measured, await engine.query(compileAssociations(measured, "m", problem, 700)));
      const { columns, target } = await readSample(engine, "m", measured, task, 700);
      for (const [i, expected] of sql.entries()) {
        const found = associationOf(columns[i]!, target);
        const rank = expected.rank === null ? null : expect.closeTo(expected.rank, 8);
        expect(found).toEqual({ ...expected, rank, information: expect.closeTo(expected.information, 8) });
        expect(expected.rows).toBe(700);
      }
    } finally {
      engine.close();
    }
  });
});

describe("the noise level", () => {
  it("is stayed below by 95 of 100 features that say nothing, and not by one that does", () => {
    const random = seededRandom(12);
    const y = Array.from({ length: 2000 }, () => normal(random));
    const target = targetColumn(
      "binary",
      y.map((value) => (value > 1.3 ? "yes" : "no")),
    );
    const idle = Array.from({ length: 300 }, (_, i) =>
      numberColumn(
        `idle${i}`,
        y.map(() => normal(random)),
      ),
    );
    const told = numberColumn(
      "told",
      y.map((value) => value + 3 * normal(random)),
    );
    const noise = noiseOf([...idle, told], target, seededRandom(1));
    const strength = (column: typeof told) => strengthOf("binary", associationOf(column, target));
    const above = idle.filter((column) => strength(column) > noise.get(column.name)!).length;
    // 15 of 300 are expected; of a binomial with 5 % at most 27 in 999 of 1,000 draws, and the level itself is estimated.
    expect(above).toBeGreaterThan(3);
    expect(above).toBeLessThan(32);
    expect(strength(told)).toBeGreaterThan(2 * noise.get("told")!);
  });

  it("is the same for the same seed", () => {
    const target = targetColumn("regression", [3, 1, 2, 5, 4, 8, 9, 7]);
    const column = numberColumn("x", [1, null, 3, 3, 2, 5, 6, 1]);
    const [a, b] = [7, 7].map((seed) => noiseOf([column], target, seededRandom(seed)));
    expect(a).toEqual(b);
    expect(a!.get("x")).toBeGreaterThan(0);
  });
});
