import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Feature } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { seededRandom } from "../random.ts";
import type { Engine } from "../warehouse/duckdb.ts";
import { compileMatrix, type MatrixRole } from "./matrix.ts";
import { evaluateWindow, onlineFeature } from "./online.ts";
import { parseRow } from "./raw.ts";
import { columns, createTable, testEngine } from "./testing.ts";
import { flatProblem, testProblem } from "./testing-problem.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const schema = columns("id:text", "shop:text", "at:timestamp", "left:text", "amount:number");
type Row = { id: string; shop: string | null; at: string | null; left: string | null; amount: number | null };

const timed = flatProblem({
  ...{ dataset: "log", entity: "id", time: "at", labelDelayDays: 2 },
  holdout: { kind: "last_time", share: 0.25, time: "at" },
});
const byEntity = flatProblem({ ...timed, holdout: { kind: "entities", share: 0.3, salt: "s" } });
const untimed = flatProblem({ dataset: "log", entity: "id", holdout: { kind: "entities", share: 0.3, salt: "s" } });
const rate = (name: string, days: number | null, delayDays = 2): Feature => ({
  ...{ kind: "label_rate", name, key: "shop", days, delayDays },
});
const mean = (name: string, rest: { delayDays: number | null; folds: number | null; smoothing?: number }): Feature => ({
  ...{ kind: "target_mean", name, column: "shop", smoothing: 4, ...rest },
});

function log(random: () => number, rows: number): Row[] {
  return Array.from({ length: rows }, (_, i) => ({
    id: `r${i}`,
    shop: random() < 0.05 ? null : `s${Math.floor(random() * 6)}`,
    at:
      random() < 0.03
        ? null
        : new Date(Date.UTC(2026, 0, 1) + Math.floor(random() * 480) * 3_600_000)
            .toISOString()
            .slice(0, 19)
            .replace("T", " "),
    left: random() < 0.1 ? null : random() < 0.3 ? "yes" : "no",
    amount: random() < 0.1 ? null : Math.round(random() * 1000) / 10,
  }));
}

async function matrix(problem: Problem, rows: readonly Row[], features: Feature[], role: MatrixRole) {
  await engine.run("DROP TABLE IF EXISTS log");
  await createTable(engine, "log", {
    columns: schema,
    rows: rows.map((row) => schema.map((c) => row[c.name as keyof Row])),
  });
  const source = { dataset: { relation: "log", columns: schema }, tables: {} };
  const found = await engine.query(compileMatrix(engine.dialect, problem, { features }, source, role).sql);
  return new Map(found.map((row) => [String(row.__entity), row]));
}

/** Which side each row lies on, as the matrices themselves say. */
async function sides(problem: Problem, rows: readonly Row[]): Promise<Map<string, MatrixRole>> {
  const side = new Map<string, MatrixRole>();
  for (const role of ["training", "holdout"] as const)
    for (const id of (await matrix(problem, rows, [{ kind: "is_missing", name: "m", column: "shop" }], role)).keys())
      side.set(id, role);
  return side;
}

/** Whether two values differ by more than the order in which an engine adds fractions up (1e-9 of their size). */
const apart = (a: unknown, b: unknown): boolean =>
  typeof a === "number" && typeof b === "number" ? Math.abs(a - b) > 1e-9 * Math.max(1, Math.abs(b)) : a !== b;

const rows = log(seededRandom(3), 400);
const flipped = (row: Row): Row => ({
  ...row,
  left: row.left === "yes" ? "no" : "yes",
  amount: (row.amount ?? 0) + 1000,
});
const regression = flatProblem({
  ...timed,
  task: "regression",
  label: { kind: "column", column: "amount", positive: null },
});

describe("the rate of a label by key", () => {
  const features = [rate("day", 1), rate("week", 7), rate("all", null), rate("later", 7, 3.5)];

  it("is that of the labels known by then, as the list of the key's events gives it", async () => {
    const found = await matrix(timed, rows, features, "scoring");
    const side = await sides(timed, rows);
    const parsed = rows.map((row) => parseRow(row, schema));
    let some = 0;
    for (const own of parsed) {
      // A training row reads training rows alone; those of the hold-out come later than all it may know here.
      const others = parsed.filter((row) => row !== own && row.shop === own.shop && own.shop !== null);
      for (const feature of features) {
        const expected = evaluateWindow(onlineFeature(feature, timed)!, others, own.at as never, own);
        const value = found.get(own.id as string)![feature.name];
        if (expected === null) expect(value, feature.name).toBeNull();
        else {
          expect(value, `${feature.name} of ${own.id}`).toBeCloseTo(expected as number, 9);
          some++;
        }
      }
    }
    expect(some).toBeGreaterThan(500);
    expect(new Set(side.values())).toEqual(new Set(["training", "holdout"]));
  });

  it.each([
    ["two classes", timed, features],
    ["a number", regression, features],
    [
      "categories' means by time",
      timed,
      [mean("m", { delayDays: 2, folds: null }), mean("raw", { delayDays: 3, folds: null, smoothing: 0 })],
    ],
    [
      "categories' means of a number by fold",
      flatProblem({ ...untimed, task: "regression", label: { kind: "column", column: "amount", positive: null } }),
      [mean("m", { delayDays: null, folds: 5 })],
    ],
    [
      "categories' means by fold",
      untimed,
      [mean("m", { delayDays: null, folds: 3 }), mean("raw", { delayDays: null, folds: 5, smoothing: 0 })],
    ],
  ] as [string, Problem, Feature[]][])("never moves with the row's own label: %s", async (_, problem, asked) => {
    const before = await matrix(problem, rows, asked, "scoring");
    let moved = 0;
    for (const i of [7, 60, 133, 201, 399]) {
      const changed = rows.map((row, at) => (at === i ? flipped(row) : row));
      const after = await matrix(problem, changed, asked, "scoring");
      const id = rows[i]!.id;
      for (const { name } of asked) {
        expect(apart(after.get(id)![name], before.get(id)![name]), `${name} of ${id}`).toBe(false);
        for (const row of rows) if (apart(after.get(row.id)![name], before.get(row.id)![name])) moved++;
      }
    }
    expect(moved).toBeGreaterThan(0);
  });

  it.each([
    ["by time", byEntity, [rate("week", 7), mean("m", { delayDays: 2, folds: null })]],
    ["by fold", untimed, [mean("m", { delayDays: null, folds: 5 })]],
  ] as [string, Problem, Feature[]][])(
    "shows a training row no label of the hold-out: %s",
    async (_, problem, asked) => {
      const side = await sides(problem, rows);
      const sealed = rows.map((row) =>
        side.get(row.id) === "holdout" ? { ...row, left: row.left === "yes" ? "no" : "yes" } : row,
      );
      const before = await matrix(problem, rows, asked, "training");
      expect(before.size).toBeGreaterThan(150);
      expect(await matrix(problem, sealed, asked, "training")).toEqual(before);
    },
  );

  it("of a category is drawn to the mean of all, out of the row's own fold", async () => {
    const features = [mean("m", { delayDays: null, folds: 4 })];
    const training = await matrix(untimed, rows, features, "training");
    const holdout = await matrix(untimed, rows, features, "holdout");
    const side = await sides(untimed, rows);
    const learned = rows.filter((row) => side.get(row.id) === "training" && row.left !== null);
    const worth = (of: readonly Row[]) => of.filter((row) => row.left === "yes").length;
    const all = worth(learned) / learned.length;
    for (const [id, row] of holdout) {
      const { shop } = rows.find((one) => one.id === id)!;
      if (shop === null) expect(row.m).toBeNull();
      else {
        const alike = learned.filter((one) => one.shop === shop);
        expect(row.m).toBeCloseTo((worth(alike) + 4 * all) / (alike.length + 4), 12);
      }
    }
    // A training row's mean is that of three quarters of the others: near the full one, never the same for all rows.
    const values = new Set(
      [...training].filter(([id]) => rows.find((one) => one.id === id)!.shop === "s1").map(([, row]) => row.m),
    );
    expect(values.size).toBe(4);
  });

  it.each([
    ["sooner than labels are known", timed, rate("r", 7, 1.9)],
    ["by time where rows have none", untimed, rate("r", 7)],
    ["by fold where rows have a time", timed, mean("m", { delayDays: null, folds: 5 })],
    ["by both", timed, mean("m", { delayDays: 2, folds: 5 })],
    ["by neither", untimed, mean("m", { delayDays: null, folds: null })],
    ["of several classes", flatProblem({ ...timed, task: "multiclass" }), rate("r", 7)],
  ])("is refused %s", (_, problem, feature) => {
    const source = { dataset: { relation: "log", columns: schema }, tables: {} };
    expect(() => compileMatrix(engine.dialect, problem, { features: [feature] }, source, "training")).toThrow(
      expect.objectContaining({ code: "unfit" }),
    );
  });
});

describe("the rate of what happened to intervals", () => {
  it("reads the outcomes of earlier cutoffs, once they are known", async () => {
    const contracts = columns("customer:text", "region:text", "start:date", "end:date");
    const data = [
      ["a", "north", "2024-01-01", "2025-08-01"],
      ["b", "north", "2024-01-01", null],
      ["c", "south", "2024-01-01", "2025-11-15"],
      ["d", "south", "2024-01-01", null],
    ];
    await createTable(engine, "contracts", { columns: contracts, rows: data });
    const source = { dataset: { relation: "contracts", columns: contracts }, tables: {} };
    const asked: Feature[] = [{ kind: "label_rate", name: "r", key: "region", days: null, delayDays: 30 }];
    const of = async (role: MatrixRole) =>
      Object.fromEntries(
        (await engine.query(compileMatrix(engine.dialect, testProblem(), { features: asked }, source, role).sql)).map(
          (row) => [`${row.__entity} ${String(row.__cutoff).slice(0, 10)}`, row.r],
        ),
      );
    // 2025-07-01's quarter is known on 2025-10-31, after the next cutoff; both are known at 2026-07-01.
    expect(await of("training")).toEqual({
      "a 2025-07-01": null,
      "b 2025-07-01": null,
      "c 2025-07-01": null,
      "d 2025-07-01": null,
      "b 2025-10-01": null,
      "c 2025-10-01": null,
      "d 2025-10-01": null,
    });
    expect(await of("scoring")).toEqual({ "b 2026-07-01": 0.25, "d 2026-07-01": 0.2 });
    expect(await of("holdout")).toEqual({ "b 2026-01-01": 0.5, "d 2026-01-01": 0 });
  });
});
