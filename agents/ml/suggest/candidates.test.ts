import { Feature } from "@muster/shared/domain/feature.ts";
import type { ColumnRoleName } from "@muster/shared/domain/policy.ts";
import { columns } from "@muster/shared/features/testing.ts";
import { flatProblem, testProblem } from "@muster/shared/features/testing-problem.ts";
import { describe, expect, it } from "vitest";
import { candidateFeatures } from "./candidates.ts";
import type { ColumnStats } from "./column-stats.ts";
import type { Scope, ScopeTable } from "./scope.ts";

const stats = (changes: Partial<ColumnStats> = {}): ColumnStats => ({
  rows: 1000,
  missing: 0,
  distinct: 40,
  min: 0,
  max: 50,
  mean: 20,
  meanLength: null,
  top: [],
  withTime: null,
  ...changes,
});
const table = (
  name: string,
  described: Record<string, Partial<ColumnStats>>,
  more: Partial<ScopeTable["manifest"]> = {},
): ScopeTable => ({
  manifest: { name, rows: 1000, columns: columns(...Object.keys(described)), time: null, arrived: null, ...more },
  stats: Object.fromEntries(
    Object.entries(described).map(([text, s]) => [text.slice(0, text.lastIndexOf(":")), stats(s)]),
  ),
});
const noTiming = { ends: {}, overwritten: {}, filled: {} };
const roles = (scope: ScopeTable[], changes: Record<string, ColumnRoleName> = {}) => ({
  ...Object.fromEntries(
    scope.flatMap((t) => t.manifest.columns.map((c) => [`${t.manifest.name}.${c.name}`, "feature" as ColumnRoleName])),
  ),
  ...changes,
});
const scopeOf = (
  tables: ScopeTable[],
  changes: Record<string, ColumnRoleName> = {},
  joins: Scope["joins"] = [],
): Scope => ({
  tables,
  joins,
  roles: roles(tables, changes),
});

describe("candidates over a flat table", () => {
  const flat = table("flat", {
    "id:text": { distinct: 1000, meanLength: 8 },
    "n:integer": { distinct: 1000, min: 1, max: 1000 },
    "fee:number": { distinct: 700, max: 500 },
    "total:number": { distinct: 900, max: 9000, mean: 300 },
    "plan:text": { distinct: 3, meanLength: 5 },
    "note:text": { distinct: 800, meanLength: 80 },
    "same:text": { distinct: 1, meanLength: 1 },
    "gone:number": { missing: 990, distinct: 8 },
    "mail:text": { distinct: 990, meanLength: 12 },
    "gender:text": { distinct: 2, meanLength: 5 },
    "born:date": { distinct: 600 },
    "joined:date": { distinct: 300, missing: 100 },
    "unwanted:number": {},
    "unread:number": {},
    "Größe %:number": {},
    "left:text": { distinct: 2 },
  });
  const scope = scopeOf([flat], { "flat.mail": "none", "flat.gender": "evaluate_only", "flat.id": "key" });
  delete (scope.roles as Record<string, ColumnRoleName>)["flat.unread"];
  const problem = flatProblem({ exclusions: ["unwanted"] });
  const { candidates, dropped } = candidateFeatures(problem, scope, noTiming);
  const names = candidates.map((f) => f.name);
  const why = (name: string) => dropped.find((d) => d.name === `flat.${name}`);

  it("are valid typed features with names that differ", () => {
    for (const feature of candidates) expect(Feature.parse(feature)).toEqual(feature);
    expect(new Set(names.map((n) => n.toLowerCase())).size).toBe(names.length);
    expect(names).toContain("Gro_e_");
  });

  it("are columns, logarithms of the skewed, ratios of amounts, parts and spans of dates, sizes of text", () => {
    for (const name of [
      "fee",
      "plan",
      "log_fee",
      "fee_per_total",
      "note_length",
      "note_words",
      "born_year",
      "joined_is_missing",
      "born_to_joined_days",
    ]) {
      expect(names, name).toContain(name);
    }
    expect(names).not.toContain("note");
    expect(names).not.toContain("born_age_days");
  });

  it("never read the label, and say why a column is left out with its number", () => {
    // The difference feature has members called left and right.
    const read = JSON.stringify(candidates).replaceAll('"left":', "");
    for (const column of ["left", "id", "n", "same", "gone", "mail", "gender", "unwanted", "unread"])
      expect(read).not.toContain(`"${column}"`);
    expect(why("n")).toMatchObject({ reason: expect.stringMatching(/id-like/), number: 1 });
    expect(why("same")).toMatchObject({ reason: expect.stringMatching(/constant/), number: 1 });
    expect(why("gone")).toMatchObject({ reason: expect.stringMatching(/missing/), number: 0.99 });
    expect(why("mail")!.reason).toMatch(/not cleared/);
    expect(why("unread")!.reason).toMatch(/not cleared/);
    expect(why("gender")!.reason).toMatch(/evaluation only/);
    expect(why("unwanted")!.reason).toMatch(/excluded by the request/);
    expect(why("left")).toBeUndefined();
  });

  it("leave out a unique integer only where it numbers the rows", () => {
    const amounts = scopeOf([
      table("flat", { "income:integer": { distinct: 1000, min: 1200, max: 900_000 }, "left:text": {} }),
    ]);
    expect(candidateFeatures(flatProblem(), amounts, noTiming).candidates.map((f) => f.name)).toContain("income");
  });

  it("are unfit where nothing may be read", () => {
    expect(() => candidateFeatures(problem, { ...scope, roles: {} }, noTiming)).toThrow(
      expect.objectContaining({ code: "unfit" }),
    );
  });

  it("over events with a time read the past of keys that come again, in minutes too", () => {
    const events = table(
      "flat",
      {
        "card:text": { distinct: 200, meanLength: 5 },
        "amount:number": {},
        "at:timestamp": { min: 20_000, max: 20_500 },
        "left:text": {},
      },
      { time: "at" },
    );
    const found = candidateFeatures(
      flatProblem({ time: "at" }),
      scopeOf([events], { "flat.card": "key" }),
      noTiming,
    ).candidates;
    expect(found).toContainEqual(
      expect.objectContaining({ kind: "window", aggregate: "count", days: 10 / 1440, key: "card", localKey: "card" }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ kind: "mean_ratio", name: "amount_per_card_mean_30d", column: "amount", key: "card" }),
    );
    expect(JSON.stringify(found).replaceAll('"left":', "")).not.toContain('"left"');
  });

  it("over events leave out numbers that count time, and divide no names by each other", () => {
    const events = table(
      "flat",
      {
        "at:timestamp": { min: 20_000, max: 20_500 },
        "seconds:integer": { min: 0, max: 1e7, distinct: 900, withTime: 0.9999 },
        "amount:number": { distinct: 900, withTime: 0.1 },
        "price:number": { distinct: 900 },
        "shop_id:integer": { distinct: 100 },
        "left:text": { distinct: 2 },
      },
      { time: "at" },
    );
    const { candidates, dropped } = candidateFeatures(flatProblem({ time: "at" }), scopeOf([events]), noTiming);
    expect(JSON.stringify(candidates)).not.toContain('"seconds"');
    expect(dropped).toContainEqual({
      ...{ name: "flat.seconds", reason: "moves with time by construction (correlation)", number: 1 },
    });
    const ratios = candidates.flatMap((f) => (f.kind === "ratio" ? [f.name] : []));
    expect(ratios).toEqual(["amount_per_price"]);
  });
});

describe("candidates over related tables", () => {
  const DAY = (iso: string) => Date.parse(iso) / 86_400_000;
  const contracts = table("contracts", {
    "customer:text": { distinct: 900, meanLength: 6 },
    "plan:text": { distinct: 3, meanLength: 4 },
    "start:date": {},
    "end:date": {},
    "code:text": { missing: 500, distinct: 4, meanLength: 3 },
  });
  const customers = table("customers", {
    "customer:text": { distinct: 1000, meanLength: 6 },
    "segment:text": { distinct: 3, meanLength: 4 },
    "joined:date": {},
    "state:text": { distinct: 2, meanLength: 4 },
    "state_updated_at:timestamp": {},
  });
  const usage = table(
    "usage",
    {
      "customer:text": { distinct: 1000, meanLength: 6, rows: 80_000 },
      "week:date": { min: DAY("2025-03-20"), max: DAY("2026-06-28"), rows: 80_000 },
      "loaded:timestamp": { rows: 80_000 },
      "logins:integer": { rows: 80_000 },
      "kind:text": { distinct: 3, meanLength: 4, rows: 80_000, top: [{ value: "it's", rows: 50_000 }] },
    },
    { time: "week", arrived: "loaded", rows: 80_000 },
  );
  const join = (dataset: string, unique: boolean) => ({
    left: { dataset: "contracts", column: "customer" },
    right: { dataset, column: "customer" },
    unique,
  });
  const keys = { "contracts.customer": "key", "customers.customer": "key", "usage.customer": "key" } as const;
  const scope = scopeOf([contracts, customers, usage], keys, [join("customers", true), join("usage", false)]);
  const timing = {
    ends: { code: { ended: 0.9, running: 0, purity: 0.95, base: 0.5 } },
    overwritten: { "customers.state_updated_at": { rows: 1000, after: 120 } },
    filled: {},
  };
  const { candidates, dropped, assumptions } = candidateFeatures(testProblem(), scope, timing);

  it("look up the entity's row, and aggregate its events in windows that every cutoff has", () => {
    expect(candidates).toContainEqual(
      expect.objectContaining({ kind: "lookup", table: "customers", column: "segment" }),
    );
    expect(candidates).toContainEqual(expect.objectContaining({ kind: "lookup_age_days", column: "joined" }));
    const days = new Set(candidates.flatMap((f) => (f.kind === "window" ? [f.days] : [])));
    expect([...days]).toEqual([30, 90]);
    expect(
      candidates.every(
        (f) => !("table" in f) || f.table !== "usage" || ("time" in f && f.time === "week" && f.arrived === "loaded"),
      ),
    ).toBe(true);
    expect(candidates).toContainEqual(
      expect.objectContaining({ kind: "window_ratio", column: "logins", shortDays: 30, longDays: 90 }),
    );
    expect(candidates).toContainEqual(expect.objectContaining({ where: { column: "kind", equals: "it's" } }));
    for (const feature of candidates) expect(Feature.parse(feature)).toEqual(feature);
  });

  it("go one table further, where the one between names it and its rows don't come and go", () => {
    const regions = table("regions", {
      "region:text": { distinct: 9, meanLength: 3 },
      "climate:text": { distinct: 3 },
    });
    const visits = table(
      "visits",
      { "region:text": { distinct: 9 }, "at:date": { min: DAY("2025-01-01"), max: DAY("2026-06-28") } },
      { time: "at" },
    );
    const between = table("customers", { "customer:text": { distinct: 1000 }, "region:text": { distinct: 9 } });
    const onward = (dataset: string, unique: boolean) => ({
      ...{ left: { dataset: "customers", column: "region" }, right: { dataset, column: "region" }, unique },
    });
    const joins = [join("customers", true), onward("regions", true), onward("visits", false)];
    const found = (customers: ScopeTable, changes: Record<string, ColumnRoleName> = {}) => {
      const further = scopeOf([contracts, customers, regions, visits], { ...keys, ...changes }, joins);
      return candidateFeatures(testProblem(), further, noTiming).candidates.filter((f) => "via" in f && f.via);
    };
    const via = { table: "customers", key: "customer", column: "region" };
    expect(found(between)).toContainEqual(
      expect.objectContaining({ kind: "lookup", table: "regions", column: "climate", localKey: "customer", via }),
    );
    expect(found(between)).toContainEqual(
      expect.objectContaining({ kind: "window", table: "visits", key: "region", localKey: "customer", via }),
    );
    for (const feature of found(between)) expect(Feature.parse(feature)).toEqual(feature);
    expect(found({ ...between, manifest: { ...between.manifest, time: "joined" } })).toEqual([]);
    expect(found(between, { "customers.region": "none" })).toEqual([]);
    expect(found(between, { "regions.region": "none", "visits.region": "none" })).toEqual([]);
  });

  it("leave out what isn't known at the cutoff, with the share that shows it", () => {
    const of = (name: string) => dropped.find((d) => d.name === name);
    expect(of("contracts.code")).toMatchObject({
      reason: expect.stringMatching(/once the interval has ended/),
      number: 0.9,
    });
    expect(of("customers.state")).toMatchObject({ reason: expect.stringMatching(/overwritten/), number: 0.12 });
    expect(of("customers.state_updated_at")).toBeDefined();
    expect(of("contracts.end")).toMatchObject({ reason: expect.stringMatching(/isn't known/) });
    const read = candidates.map((f) => JSON.stringify(f)).join();
    for (const column of ["code", "state", "state_updated_at", "end"])
      expect(read).not.toContain(`"column":"${column}"`);
    expect(assumptions.join()).toMatch(/customers has one row per key/);
  });

  it("stay away from tables whose key isn't cleared", () => {
    const closed = scopeOf([contracts, usage], { ...keys, "usage.customer": "none" }, [join("usage", false)]);
    expect(candidateFeatures(testProblem(), closed, timing).candidates.some((f) => "table" in f)).toBe(false);
  });

  it("are at most 200, and say how many more there were", () => {
    const wide = table("contracts", Object.fromEntries(Array.from({ length: 260 }, (_, i) => [`c${i}:number`, {}])));
    const found = candidateFeatures(testProblem(), scopeOf([wide]), noTiming);
    expect(found.candidates.length).toBe(200);
    expect(found.dropped.at(-1)).toMatchObject({ name: "more candidates", number: expect.any(Number) });
  });
});
