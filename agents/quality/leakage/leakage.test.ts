import type { Problem } from "@muster/shared/domain/problem.ts";
import { inShare } from "@muster/shared/features/side.ts";
import { columns, createTable, type TestTable, testEngine } from "@muster/shared/features/testing.ts";
import { flatProblem } from "@muster/shared/features/testing-problem.ts";
import { normal, seededRandom } from "@muster/shared/random.ts";
import { describe, expect, it, test } from "vitest";
import { findLeakage } from "./find-leakage.ts";
import { namedAfter } from "./names.ts";
import { explained, partsOf } from "./parts.ts";

test.each([
  ["TX_FRAUD_SCENARIO", "TX_FRAUD", true],
  ["churnReason", "Churn", true],
  ["days_to_churn", "churn", true],
  ["churn", "churn", false],
  ["churned_by", "churn", false],
  ["fraud_tx", "TX_FRAUD", false],
  ["y_2", "y", false],
  ["target_group", "target", false],
])("%s beside the target %s: %s", (column, target, after) => {
  expect(namedAfter(column, target)).toBe(after);
});

describe("what a number is made of", () => {
  const random = seededRandom(1);
  const draw = (make: () => number) => Float64Array.from({ length: 300 }, make);
  const [a, b, noise] = [draw(() => normal(random)), draw(() => 3 * normal(random)), draw(() => normal(random))];
  const sum = a.map((x, i) => 2 * x + b[i]! - 7);

  it("is found whatever the factors, and nothing else with it", () => {
    expect(partsOf([noise, a, b], sum)).toMatchObject({ parts: [2, 1], share: expect.closeTo(1, 9) });
  });

  it("is nothing where something is left unexplained, rows are few, or the target is constant", () => {
    expect(
      partsOf(
        [a, b],
        sum.map((x, i) => x + 0.2 * noise[i]!),
      ),
    ).toBeNull();
    expect(partsOf([a.subarray(0, 30), b.subarray(0, 30)], sum.subarray(0, 30))).toBeNull();
    expect(
      partsOf(
        [a, b],
        sum.map(() => 1),
      ),
    ).toBeNull();
    expect(partsOf([a, a.map((x) => 2 * x)], b)).toBeNull();
  });

  it("explains the square of the correlation by one column", () => {
    const cov = [Float64Array.from([1, 0.6]), Float64Array.from([0.6, 1])];
    expect(explained(cov, 1, [0])).toBeCloseTo(0.36, 12);
  });
});

const rows = 2000;
const schema = columns("id:text", "signal:number", "paid:number", "left_score:number", "left_handed:text", "left:text");
/** `left` goes with `signal`; `paid` tells it, `left_score` nearly; `left_handed` has only its name. Held-out rows may be flipped. */
function flat(flipped: boolean): TestTable {
  const random = seededRandom(5);
  const made = Array.from({ length: rows }, (_, i) => {
    const id = `e${i}`;
    const signal = normal(random);
    const left = signal + 2 * normal(random) > 1;
    const shown = flipped && inShare(id, 0.2, "s") ? !left : left;
    const late = (left ? 1 : 0) * 1.6 + normal(random) * 0.6;
    return [id, signal, left ? 0 : 5 + random(), late, random() < 0.1 ? "yes" : "no", shown ? "yes" : "no"];
  });
  return { columns: schema, rows: made };
}

async function leaksIn(table: TestTable, problem: Problem) {
  const engine = await testEngine();
  try {
    await createTable(engine, problem.dataset, table);
    const manifest = {
      name: problem.dataset,
      rows: table.rows.length,
      columns: table.columns,
      time: null,
      arrived: null,
    };
    const tables = [{ manifest, relation: problem.dataset }];
    return await findLeakage(engine, problem, {
      tables,

      joins: [],
      candidates: new Set(table.columns.map(({ name }) => name)),
      rows: table.rows.length,
    });
  } finally {
    engine.close();
  }
}

it("names what tells a class by strength and by name with its number, and leaves the rest alone", async () => {
  const found = await leaksIn(flat(false), flatProblem({ entity: "id" }));
  expect(found.map(({ column, by }) => [column, by])).toEqual([
    ["flat.paid", "strength"],
    ["flat.left_score", "name"],
  ]);
  expect(found[0]!.number).toBeGreaterThanOrEqual(0.98);
  expect(found[1]!.number).toBeGreaterThanOrEqual(0.6);
});

it("reads training rows only: flipped labels of the hold-out change nothing", async () => {
  const problem = flatProblem({ entity: "id" });
  expect(await leaksIn(flat(true), problem)).toEqual(await leaksIn(flat(false), problem));
});

it("names the parts of a sum", async () => {
  const random = seededRandom(6);
  const made = Array.from({ length: 1000 }, (_, i) => {
    const [casual, member] = [Math.floor(random() * 100), Math.floor(random() * 300)];
    return [`e${i}`, casual, member, random() < 0.5 ? null : 3, normal(random) + casual / 50, casual + member];
  });
  const table = {
    columns: columns("id:text", "casual:integer", "member:integer", "holes:integer", "heat:number", "count:integer"),
    rows: made,
  };
  const problem = flatProblem({
    ...{ entity: "id", target: "count", task: "regression", metric: "rmse" },
    label: { kind: "column", column: "count", positive: null },
  });
  const found = await leaksIn(table, problem);
  expect(found.map(({ column, by }) => `${column} ${by}`).sort()).toEqual(["flat.casual part", "flat.member part"]);
  expect(found[0]!.number).toBeCloseTo(1, 9);
});
