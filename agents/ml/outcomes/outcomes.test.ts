import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinOf } from "@muster/shared/domain/dataset.ts";
import { type Lake, openLake } from "@muster/shared/warehouse/lake.ts";
import { openPins, writeQuery } from "@muster/shared/warehouse/write-query.ts";
import { beforeEach, describe, expect, it } from "vitest";
import type { ServingPackage } from "../serving/package.ts";
import { maturedPredictions } from "./performance-windows.ts";
import { openOutcomes, recordOutcomes } from "./record.ts";
import { currentSql } from "./rows.ts";

const now = new Date("2026-06-01T00:00:00.000Z");
let lake: Lake;
beforeEach(async () => {
  lake = await openLake(await mkdtemp(join(tmpdir(), "outcomes-")));
});

/** A deployed churn model with a horizon of 30 days whose labels are known 5 days after it. */
const served = {
  ...{ name: "churn", version: 2 },
  problem: { horizon: { count: 30, unit: "day" }, labelDelayDays: 5 },
  output: { task: "binary", classes: ["0", "1"] },
} as unknown as ServingPackage;

const write = async (name: string, sql: string) => {
  const kind = name.endsWith("_predictions") ? ("prediction_log" as const) : ("source" as const);
  const { version } = await writeQuery(lake, { name, kind, sql, inputs: [], origin: "a test", now });
  return pinOf(name, version);
};
/** Predictions: entity, days before now, version, role. */
const predict = (rows: [string, number, number, string][]) =>
  write(
    "churn_predictions",
    `SELECT TIMESTAMP '2026-06-01' - d * INTERVAL 1 DAY AS __at, 'r' || i AS __request, 0 AS __row, v AS __version, e AS __entity,
      CAST(NULL AS TIMESTAMP) AS __cutoff, '1' AS __prediction, '{"0":0.25,"1":0.75}' AS __probabilities, r AS __role
      FROM (VALUES ${rows.map(([e, d, v, r], i) => `(${i}, '${e}', ${d}, ${v}, '${r}')`).join(", ")}) t(i, e, d, v, r) ORDER BY i`,
  );
/** Outcomes: entity, days before now of the event, label, days before now of the arrival. */
const outcomes = (rows: [string | null, number, string | number | null, number][]) =>
  write(
    "ended",
    `SELECT e AS customer, TIMESTAMP '2026-06-01' - d * INTERVAL 1 DAY AS ended_at, l AS churned, TIMESTAMP '2026-06-01' - a * INTERVAL 1 DAY AS told_at
      FROM (VALUES ${rows.map(([e, d, l, a]) => `(${e === null ? "CAST(NULL AS VARCHAR)" : `'${e}'`}, ${d}, CAST(${l} AS INTEGER), ${a})`).join(", ")}) t(e, d, l, a) ORDER BY ALL`,
  );
const columns = { entity: "customer", event: "ended_at", label: "churned", arrived: "told_at" };
const record = (dataset: string, more: object = {}) =>
  recordOutcomes({ lake, served, dataset, columns: { ...columns, ...more }, now });
const query = async (pin: string, sql: string) => {
  const engine = await openPins(lake, { o: pin });
  try {
    return await engine.query(sql);
  } finally {
    engine.close();
  }
};

describe("recording outcomes", () => {
  it("keeps every arrival, lets the newest hold, and takes the same table twice without a trace", async () => {
    const first = await record(
      await outcomes([
        ["a", 10, 0, 9],
        ["b", 10, 1, 9],
      ]),
    );
    expect(first).toMatchObject({ read: 2, added: 2, corrected: 0, repeated: 0, refused: [] });
    const table = await outcomes([
      ["a", 10, 1, 3],
      ["b", 10, 1, 9],
      ["c", 8, 0, 2],
    ]);
    const second = await record(table);
    expect(second).toMatchObject({ read: 3, added: 1, corrected: 1, repeated: 1 });
    expect(await query(second.outcomes, "SELECT count(*)::INT AS n FROM o")).toEqual([{ n: 4 }]);
    expect(await query(second.outcomes, `SELECT __entity, __label FROM (${currentSql("o")}) ORDER BY 1`)).toEqual([
      { __entity: "a", __label: "1" },
      { __entity: "b", __label: "1" },
      { __entity: "c", __label: "0" },
    ]);
    expect(await record(table)).toMatchObject({ outcomes: second.outcomes, added: 0, corrected: 0, repeated: 3 });
  });

  it("an older arrival that comes late doesn't undo a newer one", async () => {
    await record(await outcomes([["a", 10, 1, 3]]));
    const late = await record(await outcomes([["a", 10, 0, 9]]));
    expect(await query(late.outcomes, `SELECT __label FROM (${currentSql("o")})`)).toEqual([{ __label: "1" }]);
  });

  it("two labels of one moment contradict each other, and neither holds", async () => {
    const both = await record(
      await outcomes([
        ["a", 10, 1, 3],
        ["a", 10, 0, 3],
        ["b", 10, 0, 3],
      ]),
    );
    expect(await query(both.outcomes, `SELECT __entity FROM (${currentSql("o")})`)).toEqual([{ __entity: "b" }]);
  });

  it("without arrival times what is new arrives now, and the same again is nothing new", async () => {
    const table = await write("told", "SELECT 'a' AS customer, DATE '2026-05-20' AS ended_at, 1 AS churned");
    const of = { lake, served, dataset: table, columns: { entity: "customer", event: "ended_at", label: "churned" } };
    const first = await recordOutcomes({ ...of, now });
    const later = await recordOutcomes({ ...of, now: new Date("2026-06-09T00:00:00Z") });
    expect(later).toMatchObject({ outcomes: first.outcomes, added: 0, repeated: 1 });
    expect(await query(first.outcomes, "SELECT __arrived_at FROM o")).toEqual([
      { __arrived_at: "2026-06-01T00:00:00.000Z" },
    ]);
  });

  it("refuses what can't be an outcome, each with its reason, and a table of which nothing can", async () => {
    const found = await record(
      await outcomes([
        ["a", 10, 0, 9],
        [null, 10, 0, 9],
        ["b", 10, null, 9],
        ["c", 10, 7, 9],
        ["d", 3, 1, 9],
        ["e", -2, 1, -3],
      ]),
    );
    expect(found).toMatchObject({ read: 6, added: 1 });
    expect(new Set(found.refused.map(({ reason, rows }) => `${rows} ${reason}`))).toEqual(
      new Set([
        "1 no entity",
        "1 no label",
        "1 a label that is no class of the model",
        "1 it arrived before it happened",
        "1 it lies in the future",
      ]),
    );
    await expect(record(await outcomes([["a", 10, 7, 9]]))).rejects.toMatchObject({ code: "unfit" });
    const empty = await write(
      "nothing",
      "SELECT 'a' AS customer, DATE '2026-05-20' AS ended_at, 1 AS churned WHERE false",
    );
    const of = { lake, served, now, columns: { entity: "customer", event: "ended_at", label: "churned" } };
    await expect(recordOutcomes({ ...of, dataset: empty })).rejects.toMatchObject({ code: "unfit" });
    await expect(record(await outcomes([["a", 10, 0, 9]]), { label: "gone" })).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(record(await outcomes([["a", 10, 0, 9]]), { event: "customer" })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });
});

describe("matching outcomes with predictions", () => {
  it("takes the entity's latest prediction before the event, within the horizon, and says why others have none", async () => {
    await predict([
      ...(["a", "b", "c"].map((entity) => [entity, 50, 2, "answer"]) as [string, number, number, string][]),
      ["a", 40, 2, "answer"],
      ["a", 20, 2, "answer"],
      ["b", 90, 2, "answer"],
      ["d", 5, 2, "answer"],
    ]);
    const { matching } = await record(
      await outcomes([
        ["a", 25, 1, 20],
        ["b", 55, 1, 20],
        ["c", 10, 0, 9],
        ["d", 7, 1, 6],
        ["z", 10, 1, 9],
      ]),
    );
    expect(matching.matched).toBe(1);
    expect(new Map(matching.unmatched.map(({ reason, rows }) => [reason, rows]))).toEqual(
      new Map([
        ["its entity was predicted longer ago than the horizon", 2],
        ["its entity was predicted only afterwards", 1],
        ["its entity was never predicted", 1],
      ]),
    );
    const engine = (await openOutcomes(lake, "churn"))!;
    const matured = await maturedPredictions(engine, served, "2026-01-01T00:00:00.000Z", now);
    engine.close();
    // Of a's three predictions the one of 40 days ago: 15 days before the event, its window closed 10 days ago.
    expect(matured).toMatchObject({ task: "binary", labels: Float64Array.of(1) });
  });

  it("counts as matured what must be known by now, and leaves out other versions and what came before the version went live", async () => {
    await predict([
      ["a", 40, 2, "answer"],
      ["b", 36, 2, "control"],
      ["c", 34, 2, "answer"],
      ["d", 40, 1, "answer"],
      ["e", 80, 2, "answer"],
      ["f", 40, 2, "answer"],
    ]);
    const { matching } = await record(
      await outcomes(
        (["a", "b", "c", "d"] as const)
          .map((entity) => [entity, 30, 1, 20] as [string, number, number, number])
          .concat([["e", 75, 1, 20]]),
      ),
    );
    expect(matching.matched).toBe(5);
    // c's window closed 4 days ago, its delay is 5 days; f's closed and nobody said what came of it.
    expect(matching.matured).toEqual({ entities: 5, labelled: 4, share: 0.8 });
    const engine = (await openOutcomes(lake, "churn"))!;
    const since = new Date(now.getTime() - 60 * 86_400_000).toISOString();
    expect((await maturedPredictions(engine, served, since, now)).labels.length).toBe(2);
    engine.close();
  });
});

describe("what became of a forecast", () => {
  const rule = {
    ...{ kind: "forecast" as const, time: "day", where: [], series: "shop", aggregate: "sum" as const, column: "sold" },
    ...{ hour: null, unit: "day" as const, steps: 3, season: 1 },
  };
  const forecast = (label: object = {}) =>
    ({
      ...{ name: "churn", version: 2 },
      problem: { horizon: { count: 3, unit: "day" }, labelDelayDays: 1, label: { ...rule, ...label } },
      output: { task: "regression", classes: [] },
    }) as unknown as ServingPackage;
  /** Predictions of a shop's days: key, when asked, what was said. */
  const said = (rows: [string, string, number][]) =>
    write(
      "churn_predictions",
      `SELECT CAST(a AS TIMESTAMP) AS __at, 'r' || i AS __request, 0 AS __row, 2 AS __version, k AS __entity,
        CAST(NULL AS TIMESTAMP) AS __cutoff, CAST(p AS VARCHAR) AS __prediction, CAST(NULL AS VARCHAR) AS __probabilities, 'answer' AS __role
        FROM (VALUES ${rows.map(([key, at, value], i) => `(${i}, '${key}', '${at}', ${value})`).join(", ")}) t(i, k, a, p) ORDER BY i`,
    );
  const sales = (rows: [string, string, number][]) =>
    write(
      "sales",
      `SELECT CAST(d AS DATE) AS day, s AS shop, v::DOUBLE AS sold FROM (VALUES ${rows.map(([day, shop, value]) => `('${day}', '${shop}', ${value})`).join(", ")}) t(d, s, v) ORDER BY ALL`,
    );

  it("is read from the series itself, unit by unit, and belongs to the last prediction before the unit was over", async () => {
    await said([
      ["a|2026-05-20", "2026-05-20 09:00:00", 10],
      ["a|2026-05-20", "2026-05-20 15:00:00", 11],
      ["a|2026-05-20", "2026-05-21 01:00:00", 99],
      ["a|2026-05-21", "2026-05-20 09:00:00", 20],
      ["a|2026-05-22", "2026-05-20 09:00:00", 30],
      ["b|2026-05-20", "2026-05-22 09:00:00", 5],
      ["a|2026-05-31", "2026-05-30 09:00:00", 7],
    ]);
    const dataset = await sales([
      ["2026-05-20", "a", 4],
      ["2026-05-20", "a", 8],
      ["2026-05-22", "a", 31],
      ["2026-05-20", "b", 6],
    ]);
    const found = await recordOutcomes({ lake, served: forecast(), dataset, series: rule, now });
    expect(await query(found.outcomes, `SELECT __entity, __label FROM (${currentSql("o")}) ORDER BY 1`)).toEqual([
      { __entity: "a|2026-05-20", __label: "12.0" },
      // Nobody wrote anything down of that day: a sum of nothing.
      { __entity: "a|2026-05-21", __label: "0.0" },
      { __entity: "a|2026-05-22", __label: "31.0" },
      { __entity: "b|2026-05-20", __label: "6.0" },
      { __entity: "b|2026-05-21", __label: "0.0" },
      { __entity: "b|2026-05-22", __label: "0.0" },
    ]);
    expect(found).toMatchObject({ read: 6, added: 6, refused: [] });
    expect(found.matching).toMatchObject({
      matched: 3,
      // Of the last day of May neither the day nor its delay is over.
      matured: { entities: 4, labelled: 3 },
    });
    expect(found.matching.unmatched).toContainEqual({ reason: "its entity was predicted only afterwards", rows: 1 });
    const engine = (await openOutcomes(lake, "churn"))!;
    const told = await maturedPredictions(engine, forecast(), "2026-01-01T00:00:00.000Z", now);
    engine.close();
    expect(told).toMatchObject({ task: "regression" });
    const pairs = Array.from(told.labels, (label, i) => [label, (told as { values: ArrayLike<number> }).values[i]]);
    expect(pairs.sort((a, b) => a[0]! - b[0]!)).toEqual([
      [0, 20],
      [12, 11],
      [31, 30],
    ]);
  });

  it("by hour, week and month counts only what is over, and takes a mean where it stands", async () => {
    const moments = await write(
      "visits",
      `SELECT TIMESTAMP '2026-03-06 05:00:00' + i * INTERVAL 1 HOUR AS at, 2.0 AS sold FROM range(2000) t(i) ORDER BY 1`,
    );
    const read = async (unit: "hour" | "week" | "month", aggregate: "mean" | "count") => {
      const series = {
        ...rule,
        unit,
        aggregate,
        time: "at",
        series: null,
        column: aggregate === "mean" ? "sold" : null,
      };
      const { outcomes: pin } = await recordOutcomes({ lake, served: forecast(series), dataset: moments, series, now });
      const last = "ORDER BY __event_at DESC LIMIT 1";
      const [first] = await query(
        pin,
        `SELECT __entity, __label FROM (${currentSql("o")}) ORDER BY __event_at LIMIT 1`,
      );
      const [end] = await query(pin, `SELECT __entity, __label FROM (${currentSql("o")}) ${last}`);
      return [first!.__entity, first!.__label, end!.__entity, end!.__label];
    };
    // From Friday, 6 March, 5 h on, 2,000 hours: to Thursday, 28 May, 12 h, a day that isn't over.
    expect(await read("month", "count")).toEqual(["2026-04-01", "720.0", "2026-04-01", "720.0"]);
    expect(await read("week", "count")).toEqual(["2026-03-09", "168.0", "2026-05-18", "168.0"]);
    expect(await read("hour", "mean")).toEqual([...["2026-03-06 05:00:00", "2.0"], ...["2026-05-27 23:00:00", "2.0"]]);
    const few = await write("few", "SELECT TIMESTAMP '2026-05-05 05:00:00' AS at");
    const series = {
      ...rule,
      unit: "month" as const,
      time: "at",
      series: null,
      aggregate: "count" as const,
      column: null,
    };
    await expect(recordOutcomes({ lake, served: forecast(series), dataset: few, series, now })).rejects.toMatchObject({
      code: "unfit",
      message: expect.stringContaining("no month of few is over"),
    });
  });
});
