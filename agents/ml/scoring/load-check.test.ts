import type { Column } from "@muster/shared/domain/dataset.ts";
import { columns, createTable, testEngine } from "@muster/shared/features/testing.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { checkLoad } from "./load-check.ts";

const fields: Column[] = columns("at:timestamp", "minutes:number", "plan:text");
let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

type Cells = [string, number | null, string | null];
const mondays = (week: number) => new Date(Date.UTC(2026, 0, 5 + 7 * week)).toISOString().slice(0, 10);
/** Fifty rows every Monday of so many weeks from 5 January, then what comes after June. */
const history: Cells[] = Array.from({ length: 26 }, (_, week) =>
  Array.from({ length: 50 }, (_, i): Cells => [mondays(week), 20 + (i % 30), i % 2 ? "pro" : "free"]),
).flat();
const july = (rows: number, minutes: (i: number) => number | null, plan: (i: number) => string | null): Cells[] =>
  [26, 27, 28, 29].flatMap((week) =>
    Array.from({ length: rows }, (_, i): Cells => [mondays(week), minutes(i), plan(i)]),
  );
const usual = (i: number) => 20 + (i % 30);

async function check(now: Cells[], time: string | null = "at") {
  await createTable(engine, "usage__deployed", { columns: fields, rows: history });
  await createTable(engine, "usage", { columns: fields, rows: now });
  return checkLoad(engine, { table: "usage", columns: fields.slice(1), time });
}

describe("a load since the deployment", () => {
  it("has nothing to tell when it is like those before", async () => {
    expect(await check([...history, ...july(50, usual, (i) => (i % 2 ? "pro" : "free"))])).toEqual([]);
  });

  it("lacks rows, whatever the table holds in all", async () => {
    expect(await check([...history, ...july(25, usual, () => "pro")])).toEqual([
      "usage has 50 % of the rows that it had at least before",
    ]);
  });

  it("came with an empty column and another unit", async () => {
    expect(
      await check([
        ...history,
        ...july(
          50,
          (i) => 60 * usual(i),
          () => null,
        ),
      ]),
    ).toEqual([
      expect.stringMatching(/^usage\.minutes is 60 times what it was/),
      "usage.plan is empty in 100 % of its new rows (0 % before)",
    ]);
  });

  it("is compared as a whole where the table has no time", async () => {
    expect(await check(history.slice(0, 400), null)).toEqual([
      "usage has 31 % of the rows that it had at least before",
    ]);
  });
});
