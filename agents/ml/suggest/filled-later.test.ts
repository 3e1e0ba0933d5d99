import { isOwnRow } from "@muster/shared/features/kinds.ts";
import { compileLabels } from "@muster/shared/features/labels.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { columns, createTable, testEngine } from "@muster/shared/features/testing.ts";
import { testProblem } from "@muster/shared/features/testing-problem.ts";
import { measureFilledLater } from "@muster/shared/features/timing/filled-later.ts";
import { seededRandom } from "@muster/shared/random.ts";
import type { Engine } from "@muster/shared/warehouse/duckdb.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { type SuggestSource, suggestFeatures } from "./suggest.ts";

let engine: Engine;
beforeEach(async () => {
  engine = await testEngine();
  return () => engine.close();
});

const START = Date.UTC(2025, 0, 1);
const NOW = 545;
const moment = (day: number) => new Date(START + day * 86_400_000).toISOString().slice(0, 19);
const date = (day: number) => moment(day).slice(0, 10);

const schema = columns(
  ...["customer:text", "opened:timestamp", "loaded:timestamp", "closed:timestamp", "stars:integer", "state:text"],
  ...["paid:number", "priority:text", "app:text", "due:date", "until:date", "seen:timestamp"],
);

/** Tickets as they stand on a day; `loadedAfter`: days from the opening, or from the closing, to the arrival. */
function tickets(asOf: number, loadedAfter: "opening" | "closing", seed = 3) {
  const random = seededRandom(seed);
  const rows = Array.from({ length: 6000 }, (_, i) => {
    const opened = random() * NOW;
    const lag = 60 * random() ** 2;
    const closing = random() < 0.1 ? null : opened + lag;
    const [rated, level, seenLag] = [random(), random(), random()];
    const stars = rated < 0.5 ? 1 + (i % 5) : null;
    const loaded = (loadedAfter === "opening" ? opened : (closing ?? opened + 60)) + 0.5;
    const closed = closing !== null && closing <= asOf ? closing : null;
    return { i, opened, loaded, closed, stars, level, seenLag, rated };
  });
  return rows
    .filter(({ loaded }) => loaded <= asOf)
    .map(({ i, opened, loaded, closed, stars, level, seenLag, rated }) => [
      ...[`c${i % 200}`, moment(opened), moment(loaded), closed === null ? null : moment(closed)],
      closed === null ? null : stars,
      ...[closed === null ? (rated < 0.2 ? "waiting" : "open") : "closed", closed === null ? 0 : 5 + level],
      ...[level < 0.2 ? "high" : "low", `v${Math.floor(opened / 60)}`, level > 0.7 ? null : date(opened + 30)],
      // "Not yet" may be a date of its own; what was seen last lies near the load, whatever the row's age.
      ...[closed === null ? "9999-12-31" : date(closed), moment(Math.max(opened, asOf - 5 * seenLag))],
    ]);
}

const table = { relation: "tickets", columns: schema };
const measured = async (rows: (string | number | null)[][], known: string, now: string | null = null) => {
  await createTable(engine, "tickets", { columns: schema, rows });
  return measureFilledLater(engine, { table, known, time: "opened", skip: ["customer"], now });
};

describe("a column that is filled in after the row arrived", () => {
  it("is found by dates after the arrival, with what goes with them", async () => {
    const found = await measured(tickets(NOW, "opening"), "loaded");
    expect(found).toMatchObject({
      closed: { by: "closed", as: "date", since: "loaded" },
      until: { by: "until", as: "date" },
      stars: { as: "filled" },
      state: { as: "told" },
      paid: { as: "told" },
      seen: { as: "moving" },
    });
    expect(found.closed!.after).toBeGreaterThan(0.85);
    expect(Object.keys(found).sort()).toEqual(["closed", "paid", "seen", "stars", "state", "until"]);
  });

  it("isn't one whose rows arrive only once all is known", async () => {
    const found = await measured(tickets(NOW, "closing"), "loaded");
    expect(Object.keys(found)).toEqual(["seen"]);
  });

  it("is judged by the event time where nothing says when rows arrive", async () => {
    const found = await measured(tickets(NOW, "opening"), "opened", moment(NOW));
    expect(found).toMatchObject({ closed: { since: "opened", as: "date" }, stars: { as: "filled" } });
    expect(found.due).toBeUndefined();
  });

  it("has its own date in each row, though rows without one may not have come yet", async () => {
    const visits = columns("from:timestamp", "to:timestamp");
    const rows = Array.from({ length: 15_000 }, (_, i) => [i / 300, i % 10 === 0 ? null : i / 300 + 0.1 + (i % 7) / 2])
      .filter(([from, to]) => (to ?? from! + 5)! <= 50)
      .map(([from, to]) => [moment(from!), to === null ? null : moment(to!)]);
    await createTable(engine, "visits", { columns: visits, rows });
    const dated = { table: { relation: "visits", columns: visits }, known: "from", time: "from", skip: [], now: null };
    expect(await measureFilledLater(engine, dated)).toMatchObject({ to: { as: "date" } });
  });

  it("may come before the event in most rows: those that have it at once don't make it one that moves", async () => {
    const payments = columns("due:date", "paid:date", "state:text");
    const rows = Array.from({ length: 5000 }, (_, i) => {
      const due = Math.floor(i / 10);
      const paid = i % 20 === 0 ? due + 4 + (i % 13) : i % 33 === 0 ? null : due - (i % 3);
      const known = paid === null || paid > 499 ? null : paid;
      return [
        date(due),
        known === null ? null : date(known),
        known === null ? "failed" : known > due ? "late" : "paid",
      ];
    });
    await createTable(engine, "payments", { columns: payments, rows });
    const dated = {
      table: { relation: "payments", columns: payments },
      known: "due",
      time: "due",
      skip: [],
      now: null,
    };
    expect(await measureFilledLater(engine, dated)).toMatchObject({
      paid: { as: "date", after: expect.closeTo(0.05, 2) },
      state: { as: "told" },
    });
  });

  it("isn't found in a handful of rows", async () => {
    expect(await measured(tickets(NOW, "opening").slice(0, 9), "loaded")).toEqual({});
  });

  it("may have a day for its arrival: a date on that day isn't later", async () => {
    const days = columns("at:timestamp", "loaded:date", "done:timestamp", "note:text");
    const rows = Array.from({ length: 400 }, (_, i) => [
      ...[`${date(i)} 10:00:00`, date(i), i % 3 === 0 ? null : `${date(i)} 15:00:00`, i % 3 === 0 ? null : "x"],
    ]);
    await createTable(engine, "days", { columns: days, rows });
    const dated = { table: { relation: "days", columns: days }, known: "loaded", time: "at", skip: [], now: null };
    expect(await measureFilledLater(engine, dated)).toEqual({});
  });
});

describe("features over tables that are filled in later", () => {
  const contracts = columns("customer:text", "start:date", "end:date", "notice:date", "why:text", "renewal:date");
  const problem = testProblem({ now: `${moment(NOW)}.000Z` });
  const labelled = { relation: "contracts", columns: contracts };
  const roles = Object.fromEntries(
    [...schema.map((c) => `tickets.${c.name}`), ...contracts.map((c) => `contracts.${c.name}`)].map((name) => [
      name,
      name.endsWith(".customer") ? ("key" as const) : ("feature" as const),
    ]),
  );
  const manifest = { name: "tickets", rows: 6000, columns: schema, time: "opened", arrived: "loaded" };
  const suggest = async (loadedAfter: "opening" | "closing") => {
    const random = seededRandom(8);
    const rows = Array.from({ length: 200 }, (_, i) => {
      const start = Math.floor(random() * 150);
      const notice = random() < 0.6 ? start + 20 + Math.floor(random() * 500) : null;
      const end = notice !== null && random() < 0.8 ? notice + 30 : null;
      const known = notice !== null && notice <= NOW;
      return [
        ...[`c${i}`, date(start), end !== null && end <= NOW ? date(end) : null, known ? date(notice) : null],
        ...[known ? ["price", "moved"][i % 2]! : null, date(start + 730)],
      ];
    });
    await createTable(engine, "contracts", { columns: contracts, rows });
    await createTable(engine, "tickets", { columns: schema, rows: tickets(NOW, loadedAfter) });
    await engine.run(`CREATE TABLE labels AS ${compileLabels(engine.dialect, problem, labelled)}`);
    const source: SuggestSource = {
      tables: [
        {
          manifest: { ...manifest, name: "contracts", rows: 200, columns: contracts, time: "start", arrived: null },
          relation: "contracts",
        },
        { manifest, relation: "tickets" },
      ],
      rows: 5000,
      joins: [
        {
          left: { dataset: "contracts", column: "customer" },
          right: { dataset: "tickets", column: "customer" },
          unique: false,
        },
      ],
      roles,
    };
    return suggestFeatures(engine, problem, source, seededRandom(1));
  };

  it("are read as of the cutoff or left out, with the share that shows why and what is taken for granted", async () => {
    const { features, dropped, assumptions } = await suggest("opening");
    const why = (name: string) => dropped.find((d) => d.name === name);
    expect(why("tickets.state")).toEqual({
      name: "tickets.state",
      reason: expect.stringMatching(
        /^filled in later: \d+(\.\d)? % of its values come with a date \(closed\) after the row arrived$/,
      ),
      number: expect.closeTo(0.9, 1),
    });
    expect(why("tickets.seen")!.reason).toMatch(/^overwritten in place/);
    const stars = features.filter(({ feature }) => JSON.stringify(feature).includes('"stars"'));
    expect(stars.length).toBeGreaterThan(0);
    for (const { feature } of stars) expect(feature).toMatchObject({ filledBy: expect.stringMatching(/closed|until/) });
    expect(JSON.stringify(features.map((f) => f.feature))).not.toMatch(/"(state|paid|seen)"/);
    for (const { feature } of features.filter(({ feature }) => isOwnRow(feature))) {
      const late = /"(notice|why)"/.test(JSON.stringify(feature));
      expect("filledBy" in feature ? feature.filledBy : undefined, feature.name).toBe(late ? "notice" : undefined);
    }
    expect(assumptions.join("\n")).toMatch(
      /In tickets, closed lies after loaded in \d+(\.\d)? % .* \(.*stars.*\) are read as missing/,
    );
  });

  it("have at an old cutoff the values that the tables gave on that day", async () => {
    const { features } = await suggest("opening");
    const cutoff = "2025-10-01";
    const day = (Date.parse(cutoff) - START) / 86_400_000;
    await createTable(engine, "then", { columns: schema, rows: tickets(day, "opening") });
    const matrix = (relation: string) =>
      engine.query(
        `SELECT * FROM (${
          compileMatrix(
            engine.dialect,
            problem,
            { features: features.map((f) => f.feature) },
            { dataset: labelled, tables: { tickets: { relation, columns: schema } } },
            "training",
          ).sql
        }) WHERE __cutoff = '${cutoff}' ORDER BY __entity`,
      );
    const rows = await matrix("tickets");
    expect(rows.length).toBeGreaterThan(100);
    expect(rows).toEqual(await matrix("then"));
  });

  it("are left as they are where rows arrive only once all is known", async () => {
    const { features, dropped, assumptions } = await suggest("closing");
    const related = features.filter(({ feature }) => !isOwnRow(feature));
    expect(JSON.stringify(related)).not.toContain("filledBy");
    expect(JSON.stringify(related)).toMatch(/"state"/);
    expect(dropped.some((d) => d.name.startsWith("tickets.") && d.reason.startsWith("filled in later"))).toBe(false);
    expect(assumptions.join()).not.toMatch(/In tickets, closed/);
  });
});
