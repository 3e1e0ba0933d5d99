import { quality } from "@muster/quality/index.ts";
import type { Check } from "@muster/shared/fact/table.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Qualified, startQuality } from "../support/qualified.ts";

const day = (i: number) => new Date(Date.UTC(2026, 0, 1) + i * 86_400_000).toISOString().slice(0, 10);
/** Orders of one load: `wrong` of them with a state that none had before. */
const orders = (rows: number, { wrong = 0, seed = 0 } = {}) =>
  `order_id,zip,city,state,amount,ordered,shipped\n${Array.from({ length: rows }, (_, i) => {
    const k = (i * 7 + seed) % 5;
    return `${i},${10_000 + k},${["Lyon", "Nantes", "Bonn", "Turin", "Gent"][k]},${i < wrong ? "lost" : ["new", "sent"][i % 2]},${((i * 37 + seed) % 400) / 10 + 5},${day(i % 300)},${day((i % 300) + 2)}`;
  }).join("\n")}\n`;
const rule = (state: string[]) => ({
  type: "expect_column_values_to_be_in_set",
  kwargs: { column: "state", value_set: state, mostly: 1 },
});
type Checked = { passed: boolean; checks: Check[]; statistics: { older: number }; repair: string[]; verdict: string };

let it: Qualified;
/** What quality takes for now; null: the real time, by which signatures expire. */
let clock: Date | null = null;
beforeAll(async () => {
  it = await startQuality(() => clock ?? new Date());
}, 60_000);
afterAll(() => it?.stop());

describe("what is expected of a dataset", () => {
  let first: string;
  let second: string;
  beforeAll(async () => {
    first = await it.load("orders", orders(400), "ordered");
  });

  test("binds on nothing but the absolute checks at first, and is suggested with its number", async () => {
    const checked = await it.of<Checked>("check_dataset", first);
    expect(checked).toMatchObject({ passed: true, statistics: { older: 0 } });
    const listed = await it.ask("list_expectations", { dataset: first });
    expect(listed.output).toMatchObject({ expectations: [], changes: [] });
    const { expectations } = await it.of<{ expectations: { type: string; columns: string[]; because: string }[] }>(
      "suggest_expectations",
      first,
    );
    const because = (type: string, ...columns: string[]) =>
      expectations.find((one) => one.type === type && columns.every((c) => one.columns.includes(c)))?.because;
    expect(because("expect_column_to_be_determined_by", "zip", "city")).toMatch(/100.* % of 400 rows.*5 seen/);
    expect(because("expect_column_pair_values_a_to_be_greater_than_b", "shipped", "ordered")).toMatch(/of 400 rows/);
    expect(new Set(expectations.map(({ type }) => type)).size).toBeGreaterThanOrEqual(9);
    expect(expectations.every((one) => /\d|stored|without rows/.test(one.because))).toBe(true);
  });

  test("binds from the next version on, and says which rows break it without a value of theirs", async () => {
    const broken = orders(400, { seed: 1 }).replace(/^(\d+3,\d+),\w+,/gm, "$1,Oslo,");
    second = await it.load("orders", broken, "ordered");
    const checked = await it.of<Checked>("check_dataset", second);
    expect(checked.statistics.older).toBeGreaterThan(20);
    const failed = checked.checks.filter((check) => !check.success).map(({ name }) => name);
    expect(failed).toContain("expect_column_to_be_determined_by(city, zip)");
    const one = checked.checks.find(({ name }) => name === "expect_column_to_be_determined_by(city, zip)")!;
    expect(one.observed).toMatchObject({ evaluated: 400, unexpected: 39 });
    expect(one.rows).toMatch(/FROM "orders"/);
    expect(JSON.stringify(checked)).not.toMatch(/Oslo|Lyon/);
  });

  test("can be defined by a person with the role alone, binds at once and takes back what was checked before", async () => {
    const input = { dataset: second, expectation: rule(["new"]), severity: "error", because: "orders are new or gone" };
    await expect(it.confirmed("define_expectation", input, { roles: ["analyst"] })).rejects.toMatchObject({
      code: "denied",
    });
    await expect(it.ask("define_expectation", input)).rejects.toMatchObject({
      code: "precondition_failed",
      data: { missing: ["request.accepted", "person.confirmed"] },
    });
    const standing = async () =>
      (await it.own.evidence.standing("quality.passed", { dataset: second })).filter(
        ({ verdict }) => verdict === "passed",
      );
    expect(await standing()).toHaveLength(1);
    expect(await it.confirmed("define_expectation", input)).toMatchObject({ version: 1 });
    expect(await standing()).toEqual([]);
    const checked = await it.of<Checked>("check_dataset", second);
    expect(checked.passed).toBe(false);
    expect(checked.verdict).toMatch(/state: column values to be in set: 200 of 400/);
    expect(checked.repair.join()).toMatch(/define the new ones as expected/);
    expect(await standing()).toEqual([]);
  });

  test("is versioned: an edit is the next version, and can take it away", async () => {
    const input = { dataset: second, expectation: rule(["new", "sent"]), severity: "error", because: "both states" };
    expect(await it.confirmed("define_expectation", input)).toMatchObject({ version: 2 });
    expect((await it.of<Checked>("check_dataset", second)).passed).toBe(true);
    expect(await it.confirmed("define_expectation", { ...input, active: false })).toMatchObject({ version: 3 });
    const { output } = await it.ask("list_expectations", { dataset: second });
    const { expectations, changes } = output as { expectations: { from: string }[]; changes: object[] };
    expect(changes).toHaveLength(3);
    expect(expectations.filter(({ from }) => from === "defined")).toEqual([]);
  });

  test("is explained when it fails: since when, why it was expected, what would repair it", async () => {
    const input = { dataset: second, expectation: rule(["new"]), severity: "warn", because: "orders are new" };
    await it.confirmed("define_expectation", input);
    const third = await it.load("orders", orders(410, { seed: 2 }), "ordered");
    await it.of("check_dataset", second);
    await it.of("check_dataset", third);
    const { output } = await it.ask("explain_failure", {
      dataset: third,
      check: "expect_column_values_to_be_in_set(state)",
    });
    expect(output).toMatchObject({
      failures: [{ because: "orders are new", since: { dataset: second }, check: { observed: { unexpected: 205 } } }],
    });
    await expect(it.ask("explain_failure", { dataset: third, check: "nothing" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test.each([
    [
      "a column that isn't there",
      { expectation: { ...rule(["a"]), kwargs: { column: "zz", value_set: ["a"] } } },
      "not_found",
    ],
    ["an unknown kind", { expectation: { type: "expect_magic", kwargs: {} } }, "invalid_input"],
    [
      "an argument that the kind doesn't have",
      { expectation: { ...rule(["a"]), kwargs: { column: "state", value_set: ["a"], mosty: 1 } } },
      "invalid_input",
    ],
  ])("refuses %s", async (_, input, code) => {
    await expect(
      it.confirmed("define_expectation", { dataset: second, severity: "warn", because: "a test", ...input }),
    ).rejects.toMatchObject({ code });
  });
});

describe("freshness", () => {
  test("is as in dbt, by the clock", async () => {
    const pin = await it.load("events", "event_id,at\n1,2026-11-01 00:00:00\n2,2026-11-30 12:00:00\n", "at");
    const limits = { warn_after: { count: 6, period: "hour" }, error_after: { count: 2, period: "day" } };
    const status = async (now: string, more: object = limits) => {
      clock = new Date(now);
      try {
        return await it.of("check_freshness", pin, more);
      } finally {
        clock = null;
      }
    };
    expect(await status("2026-11-30T13:00:00Z")).toMatchObject({ status: "pass", ageHours: 1, column: "at" });
    expect(await status("2026-12-01T00:00:00Z")).toMatchObject({
      status: "warn",
      checkedAt: "2026-12-01T00:00:00.000Z",
    });
    expect(await status("2026-12-03T00:00:00Z")).toMatchObject({ status: "error" });
    expect(await status("2030-01-01T00:00:00Z", {})).toMatchObject({ status: "pass" });
    await expect(status("2026-12-01T00:00:00Z", { loaded_at_field: "event_id" })).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(status("2026-12-01T00:00:00Z", { loaded_at_field: "gone" })).rejects.toMatchObject({
      code: "not_found",
    });
    const timeless = await it.load("timeless", "a,b\n1,2\n3,4\n");
    expect(await it.of("check_freshness", timeless, limits)).toMatchObject({ status: "runtime error", column: null });
  });
});

describe("a dataset's history", () => {
  test("abstains while short, then tells an unlike version from a usual one", async () => {
    const pins: string[] = [];
    for (let seed = 0; seed < 7; seed++) {
      pins.push(await it.load("daily", orders(300 + seed, { seed: seed * 3 })));
      await it.profiled(pins.at(-1)!);
    }
    expect(await it.of("detect_anomalies", pins[3]!)).toMatchObject({ status: "abstained", versions: 3 });
    expect(await it.of("detect_anomalies", pins[6]!)).toMatchObject({ status: "usual", versions: 6 });
    const odd = await it.load("daily", orders(40, { wrong: 25 }));
    const found = await it.of<{ status: string; anomalies: { column: string | null; measure: string }[] }>(
      "detect_anomalies",
      odd,
    );
    expect(found.status).toBe("anomalous");
    expect(found.anomalies.map(({ column, measure }) => `${column} ${measure}`)).toEqual(
      expect.arrayContaining(["null rows", "state new categories"]),
    );
    const { output } = await it.ask("get_profile_history", { dataset: odd, limit: 3 });
    expect((output as { versions: { rows: number }[] }).versions.map(({ rows }) => rows)).toEqual([40, 306, 305]);
  });
});

describe("duplicates, suspected cells and the score", () => {
  const people = (row: (i: number) => string[]) =>
    `id,name,street,town,born\n${Array.from({ length: 300 }, (_, i) => [i, ...row(i)].join(",")).join("\n")}\n`;
  const names = ["Anna Schmidt", "Boris Novak", "Carla Rossi", "Dmitri Garcia", "Elena Weber", "Fritz Dubois"];
  const plain = (i: number) => [
    `${names[i % 6]} ${"abcdefghijklmnopqrstuvwxyz"[i % 26]}${i}`,
    `${i} ${["Elm", "Oak", "Ash"][i % 3]} Street`,
    ["Lyon", "Bonn"][i % 2]!,
    day(i * 11),
  ];

  test("nearly equal rows are counted under another id and spelling, and never shown", async () => {
    const twice = (i: number) =>
      i >= 290 ? plain(i - 280).map((cell) => cell.replace("Street", "street").replace("nn", "n")) : plain(i);
    const clean = await it.of<{ near: { pairs: number } }>("find_duplicates", await it.load("people", people(plain)));
    expect(clean.near.pairs).toBe(0);
    const found = await it.of<{ near: { rows: number; groups: number }; exact: { rows: number } }>(
      "find_duplicates",
      await it.load("people", people(twice)),
    );
    expect(found).toMatchObject({ exact: { rows: 0 }, near: { pairs: 10, rows: 20, groups: 10 } });
    expect(JSON.stringify(found)).not.toMatch(/Anna|Elm|Lyon/);
  });

  test("cells that are probably wrong are counted with a query that shows them", async () => {
    const pin = await it.load(
      "orders2",
      orders(400)
        .replace(/^7,(\d+),\w+,/m, "7,$1,Lyonn,")
        .replace(/,5,(2026-01-01)/, ",99999,$1"),
    );
    const found = (await it.ask("find_outliers", { dataset: pin })).output as {
      cells: number;
      suspicions: { column: string; because: string; rows: string }[];
    };
    expect(found.suspicions.map(({ column, because }) => `${column} ${because}`)).toEqual(
      expect.arrayContaining(["city typo", "amount far_number"]),
    );
    expect(found.cells).toBeLessThanOrEqual(3);
    expect(JSON.stringify(found)).not.toMatch(/Lyonn|99999\b/);
    const { output } = await it.ask("find_outliers", { dataset: await it.load("orders3", orders(400)) });
    expect(output).toMatchObject({ cells: 0, suspicions: [] });
  });

  test("the score falls with what is wrong, and says how it is counted", async () => {
    const score = async (name: string, text: string, more: object = {}) =>
      it.of<{ score: number; parts: { dimension: string; score: number | null }[] }>(
        "score_dataset",
        await it.load(name, text),
        more,
      );
    const good = await score("good", orders(400));
    expect(good.score).toBeGreaterThan(99);
    expect(good.parts.find(({ dimension }) => dimension === "timeliness")!.score).toBeNull();
    const holes = await score("holes", orders(400).replace(/,(new|sent),/g, ",,"));
    expect(holes.score).toBeLessThan(good.score);
    clock = new Date("2030-01-01T00:00:00Z");
    const late = await score("late", orders(401), { error_after: { count: 1, period: "day" } }).finally(() => {
      clock = null;
    });
    expect(late.parts.find(({ dimension }) => dimension === "timeliness")!.score).toBe(0);
  });

  test("how columns go together is shown to who asks, and stands in no fact", async () => {
    const dataset = await it.load("pairs", orders(200));
    const reply = await it.ask("profile_dataset", { dataset, associations: true });
    const { associations } = reply.output as { associations: { left: string; right: string; value: number }[] };
    expect(
      associations.find(
        ({ left, right }) => (left === "zip" && right === "order_id") || (left === "order_id" && right === "zip"),
      ),
    ).toBeDefined();
    const receipt = await it.own.evidence.load([reply.given[0]!.id]);
    expect(JSON.stringify([...receipt.values()])).not.toContain("spearman");
    expect((await it.ask("profile_dataset", { dataset })).output).not.toHaveProperty("associations");
  });
});

describe("what quality's tools refuse", () => {
  const gone = `never_loaded@${"0".repeat(64)}`;
  test.each(quality.tools.map(({ name }) => [name]))("%s: an argument that it doesn't have", async (name) => {
    await expect(it.ask(name, { magic: 1 })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test.each([["profile_dataset"], ["find_outliers"]])("%s: a dataset that isn't there", async (name) => {
    await expect(it.ask(name, { dataset: gone })).rejects.toMatchObject({ code: "not_found" });
  });

  test.each([
    ["check_freshness", { warn_after: { count: 0, period: "hour" } }],
    ["check_freshness", { warn_after: { count: 1, period: "year" } }],
    ["get_profile_history", { limit: 0 }],
    ["score_dataset", { error_after: { count: -1, period: "day" } }],
  ])("%s: %j", async (name, more) => {
    await expect(it.ask(name, { dataset: gone, ...more })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("a version that nobody checked has no failure to explain", async () => {
    const dataset = await it.load("unchecked", orders(50));
    await expect(it.ask("explain_failure", { dataset })).rejects.toMatchObject({ code: "not_found" });
  });

  test("the gates without what they rest on", async () => {
    for (const name of ["check_training_set", "find_leakage"])
      await expect(it.ask(name, {})).rejects.toMatchObject({ code: "precondition_failed" });
    const input = { problem: "0".repeat(64), column: "a", reason: "a test" };
    await expect(it.confirmed("allow_column", input)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("no problem of that hash"),
    });
  });
});
