import { compileLabels } from "@muster/shared/features/labels.ts";
import { inShare } from "@muster/shared/features/side.ts";
import { columns, createTable, testEngine } from "@muster/shared/features/testing.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it } from "vitest";
import { suggestFeatures } from "./suggest.ts";

const schema = columns("id:text", "signal:number", "noise:number", "leak:number", "reason:text", "left:text");
const problem = flatProblem({ entity: "id" });
const manifest = { name: "flat", rows: 3000, columns: schema, time: null, arrived: null };

/** Suggestions over a table whose held-out rows carry `flipped` labels or not. */
async function suggest(flipped: boolean) {
  const random = seededRandom(9);
  const rows = Array.from({ length: 3000 }, (_, i) => {
    const id = `e${i}`;
    const signal = normal(random);
    const drawn = signal + normal(random) > 0.8;
    const left = flipped && inShare(id, 0.2, "s") ? !drawn : drawn;
    return [
      id,
      signal,
      normal(random),
      (drawn ? 5 : 0) + normal(random) / 10,
      drawn ? "moved" : null,
      left ? "yes" : "no",
    ];
  });
  const engine = await testEngine();
  try {
    await createTable(engine, "flat", { columns: schema, rows });
    await engine.run(
      `CREATE TABLE labels AS ${compileLabels(engine.dialect, problem, { relation: "flat", columns: schema })}`,
    );
    const roles = Object.fromEntries(
      schema.map((c) => [`flat.${c.name}`, c.name === "id" ? ("key" as const) : ("feature" as const)]),
    );
    const source = { tables: [{ manifest, relation: "flat" }], rows: 5000, joins: [], roles };
    const found = await suggestFeatures(engine, problem, source, seededRandom(1));
    expect(await engine.query("SELECT table_name FROM duckdb_tables() ORDER BY 1")).toEqual([
      { table_name: "flat" },
      { table_name: "labels" },
    ]);
    return found;
  } finally {
    engine.close();
  }
}

describe("suggested features", () => {
  it("start with the signal, and show by a number why the leaking and the constant ones are left out", async () => {
    const { features, dropped } = await suggest(false);
    expect(features[0]!.feature.name).toBe("signal");
    expect(dropped).toContainEqual({ name: "leak", reason: expect.stringMatching(/^leaking/), number: 1 });
    expect(dropped).toContainEqual({ name: "flat.reason", reason: expect.stringMatching(/^constant/), number: 1 });
  });

  it("don't depend on the labels of the hold-out", async () => {
    expect(await suggest(true)).toEqual(await suggest(false));
  });
});
