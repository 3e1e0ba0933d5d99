import { checkExpectations } from "@muster/quality/check.ts";
import { profileDataset } from "@muster/quality/profile.ts";
import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { type Expectation, Rule } from "@muster/shared/domain/expectation.ts";
import { columns, type TestTable } from "@muster/shared/features/testing.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BothEngines, bothEngines, engineNames } from "../support/both-engines.ts";

const sales: TestTable = {
  columns: columns(
    "id:integer",
    "zip:text",
    "city:text",
    "price:number",
    "ok:boolean",
    "sold:date",
    "sent:timestamp",
    "note:text",
  ),
  rows: [
    [1, "10", "Lyon", 2, true, "2024-01-01", "2024-01-02 00:00:00", "a@b.org"],
    [2, "10", "Lyon", 4, true, "2024-01-02", "2024-01-02 12:00:00", "50 %"],
    [3, "10", "Bonn", 4, false, "2024-01-03", "2024-01-01 00:00:00", '{"a": 1}'],
    [4, "20", "Bonn", 6, null, "2024-01-04", null, "http://x.org/y"],
    [5, "20", "Bonn", null, true, null, "2024-01-05 00:00:00", "12.5"],
    [5, null, "Köln", -10, true, "2024-01-06", "2024-01-06 00:00:01", "2024-02-03"],
  ],
};
const manifestOf = (name: string, table: TestTable): DatasetManifest => ({
  ...{ name, version: "0".repeat(64), kind: "source", rows: table.rows.length, bytes: 0, columns: [...table.columns] },
  ...{
    time: null,
    arrived: null,
    declared: [],
    origin: "a test",
    writtenAt: "2026-01-01T00:00:00Z",
    previous: null,
    notes: [],
  },
});
const wide: TestTable = {
  columns: columns(...Array.from({ length: 70 }, (_, i) => `c${i}:integer` as const)),
  rows: [Array.from({ length: 70 }, (_, i) => i), Array.from({ length: 70 }, () => null)],
};

let both: BothEngines;
beforeAll(async () => {
  both = await bothEngines({ sales, wide });
}, 60_000);
afterAll(() => both?.close());

type Case = [
  Rule["type"],
  object,
  boolean,
  { evaluated?: number; unexpected?: number; value?: number; reason?: string },
];
const cases: Case[] = [
  ["expect_table_row_count_to_be_between", { min_value: 6, max_value: 6 }, true, { value: 6 }],
  ["expect_table_row_count_to_equal", { value: 7 }, false, { value: 6 }],
  ["expect_table_column_count_to_be_between", { min_value: 9 }, false, { value: 8 }],
  ["expect_table_column_count_to_equal", { value: 8 }, true, { value: 8 }],
  ["expect_table_columns_to_match_set", { column_set: ["id", "zip"], exact_match: false }, true, {}],
  ["expect_table_columns_to_match_set", { column_set: ["id", "zip"] }, false, {}],
  ["expect_column_to_exist", { column: "gone" }, false, {}],
  ["expect_column_values_to_be_of_type", { column: "sold", type_: "date" }, true, {}],
  ["expect_column_values_to_be_in_type_list", { column: "price", type_list: ["integer", "text"] }, false, {}],
  ["expect_column_values_to_not_be_null", { column: "zip", mostly: 0.9 }, false, { evaluated: 6, unexpected: 1 }],
  ["expect_column_values_to_be_null", { column: "zip" }, false, { evaluated: 6, unexpected: 5 }],
  ["expect_column_values_to_be_unique", { column: "id" }, false, { evaluated: 6, unexpected: 1 }],
  ["expect_column_values_to_be_in_set", { column: "city", value_set: ["Lyon", "Bonn"] }, false, { unexpected: 1 }],
  ["expect_column_values_to_be_in_set", { column: "price", value_set: [2, 4, 6, -10] }, true, { evaluated: 5 }],
  ["expect_column_values_to_be_in_set", { column: "ok", value_set: [true] }, false, { evaluated: 5, unexpected: 1 }],
  [
    "expect_column_values_to_not_be_in_set",
    { column: "city", value_set: ["Köln"] },
    false,
    { evaluated: 6, unexpected: 1 },
  ],
  ["expect_column_values_to_be_between", { column: "price", min_value: 0 }, false, { evaluated: 5, unexpected: 1 }],
  [
    "expect_column_values_to_be_between",
    { column: "sold", max_value: "2024-01-04" },
    false,
    { evaluated: 5, unexpected: 1 },
  ],
  [
    "expect_column_values_to_be_between",
    { column: "city", min_value: 1 },
    false,
    { reason: "the bounds don't suit a column of type text" },
  ],
  [
    "expect_column_value_lengths_to_be_between",
    { column: "city", max_value: 3 },
    false,
    { evaluated: 6, unexpected: 6 },
  ],
  ["expect_column_value_lengths_to_equal", { column: "city", value: 4 }, true, { evaluated: 6, unexpected: 0 }],
  ["expect_column_values_to_match_regex", { column: "zip", regex: "^1" }, false, { evaluated: 5, unexpected: 2 }],
  [
    "expect_column_values_to_match_regex",
    { column: "zip", regex: "(" },
    false,
    { reason: "the regular expression isn't valid RE2" },
  ],
  ["expect_column_values_to_not_match_regex", { column: "zip", regex: "^1" }, false, { evaluated: 5, unexpected: 3 }],
  ["expect_column_values_to_match_regex_list", { column: "zip", regex_list: ["^1", "^2"] }, true, { evaluated: 5 }],
  [
    "expect_column_values_to_match_regex_list",
    { column: "zip", regex_list: ["^1", "0$"], match_on: "all" },
    false,
    { unexpected: 2 },
  ],
  // Mean 1.2, variance 164.8/4: −10 lies 1.745 standard deviations below.
  [
    "expect_column_value_z_scores_to_be_less_than",
    { column: "price", threshold: 1.7 },
    false,
    { evaluated: 5, unexpected: 1 },
  ],
  ["expect_column_value_z_scores_to_be_less_than", { column: "price", threshold: 1.7, double_sided: false }, true, {}],
  ["expect_column_mean_to_be_between", { column: "price", min_value: 1.2, max_value: 1.2 }, true, { value: 1.2 }],
  ["expect_column_mean_to_be_between", { column: "city" }, false, { reason: "a column of type text has no mean" }],
  ["expect_column_median_to_be_between", { column: "price", min_value: 4, max_value: 4 }, true, { value: 4 }],
  ["expect_column_stdev_to_be_between", { column: "price", min_value: 6.418, max_value: 6.419 }, true, {}],
  ["expect_column_sum_to_be_between", { column: "price", min_value: 7 }, false, { value: 6 }],
  ["expect_column_min_to_be_between", { column: "price", min_value: -9 }, false, { value: -10 }],
  ["expect_column_max_to_be_between", { column: "price", max_value: 6 }, true, { value: 6 }],
  [
    "expect_column_quantile_values_to_be_between",
    {
      column: "price",
      quantile_ranges: {
        quantiles: [0, 0.5, 1],
        value_ranges: [
          [-10, -10],
          [4, null],
          [7, 9],
        ],
      },
    },
    false,
    { evaluated: 3, unexpected: 1 },
  ],
  ["expect_column_unique_value_count_to_be_between", { column: "city", max_value: 2 }, false, { value: 3 }],
  [
    "expect_column_proportion_of_unique_values_to_be_between",
    { column: "city", min_value: 0.5, max_value: 0.5 },
    true,
    { value: 0.5 },
  ],
  ["expect_column_most_common_value_to_be_in_set", { column: "city", value_set: ["Bonn"] }, true, { evaluated: 1 }],
  ["expect_column_most_common_value_to_be_in_set", { column: "zip", value_set: ["20"] }, false, { unexpected: 1 }],
  [
    "expect_column_distinct_values_to_be_in_set",
    { column: "city", value_set: ["Lyon", "Bonn"] },
    false,
    { evaluated: 3, unexpected: 1 },
  ],
  [
    "expect_column_distinct_values_to_contain_set",
    { column: "city", value_set: ["Lyon", "Rome"] },
    false,
    { unexpected: 1 },
  ],
  ["expect_column_distinct_values_to_equal_set", { column: "zip", value_set: ["10", "20"] }, true, { evaluated: 2 }],
  ["expect_column_distinct_values_to_equal_set", { column: "zip", value_set: ["10", "30"] }, false, { unexpected: 2 }],
  [
    "expect_column_pair_values_to_be_equal",
    { column_A: "zip", column_B: "city" },
    false,
    { evaluated: 6, unexpected: 6 },
  ],
  [
    "expect_column_pair_values_to_be_equal",
    { column_A: "zip", column_B: "id" },
    false,
    { reason: "the columns' types can't be compared" },
  ],
  [
    "expect_column_pair_values_a_to_be_greater_than_b",
    { column_A: "sent", column_B: "sold" },
    false,
    { evaluated: 4, unexpected: 1 },
  ],
  [
    "expect_column_pair_values_a_to_be_greater_than_b",
    { column_A: "price", column_B: "id", or_equal: true },
    false,
    { evaluated: 5, unexpected: 1 },
  ],
  ["expect_compound_columns_to_be_unique", { column_list: ["zip", "city"] }, false, { evaluated: 6, unexpected: 2 }],
  ["expect_compound_columns_to_be_unique", { column_list: ["id"], mostly: 0.8 }, true, { evaluated: 6, unexpected: 1 }],
  [
    "expect_select_column_values_to_be_unique_within_record",
    { column_list: ["id", "price"] },
    true,
    { evaluated: 5, unexpected: 0 },
  ],
  [
    "expect_multicolumn_sum_to_equal",
    { column_list: ["id", "price"], sum_total: 3 },
    false,
    { evaluated: 5, unexpected: 4 },
  ],
  [
    "expect_column_to_be_determined_by",
    { column: "city", determinant: ["zip"] },
    false,
    { evaluated: 5, unexpected: 1 },
  ],
  [
    "expect_column_to_be_determined_by",
    { column: "city", determinant: ["zip", "ok"], mostly: 0.5 },
    true,
    { evaluated: 2, unexpected: 0 },
  ],
];

test("there is a case for every kind of rule", () => {
  const kinds = Rule.options.map((option) => option.shape.type.value);
  expect(kinds.filter((kind) => !cases.some(([type]) => type === kind))).toEqual([]);
});

describe.each(engineNames)("on %s", (engine) => {
  test.each(cases)("%s %j", async (type, kwargs, success, observed) => {
    const expectation: Expectation = { ...Rule.parse({ type, kwargs }), severity: "error", because: "a case" };
    const { results } = await checkExpectations(both[engine], manifestOf("sales", sales), [expectation]);
    expect(results[0]).toMatchObject({ success, observed });
    const { rows } = results[0]!;
    if (rows === null) return;
    // The query shows rows, and no text of theirs stands in it.
    expect(rows).not.toMatch(/Lyon|Bonn|Köln/);
    if (!rows.includes(":value_set")) expect((await both[engine].query(rows)).length).toBeGreaterThan(0);
  });
});

/** Numbers without the last digits, in which decimal and binary sums differ. */
const settled = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (_, one) => (typeof one === "number" ? Number(one.toPrecision(12)) : one)));

test("both engines give the same profile", async () => {
  const [ours, theirs] = [
    await profileDataset(both.duckdb, manifestOf("sales", sales)),
    await profileDataset(both.postgres, manifestOf("sales", sales)),
  ];
  expect(settled(theirs)).toEqual(settled(ours));
  const by = new Map(ours.columns.map((c) => [c.name, c]));
  expect(by.get("note")!.text!.readable).toMatchObject({ number: 1 / 6, date: 1 / 6 });
  expect(by.get("note")!.text!.kinds).toEqual({ email: 1 / 6, url: 1 / 6, percent: 1 / 6, json: 1 / 6 });
  expect(by.get("city")!.text!.shapes).toEqual([
    { shape: "Aaaa", count: 5 },
    { shape: "aaaa", count: 1 },
  ]);
});

test("a wide table is profiled by parts, or in place, to the same", async () => {
  const ours = await profileDataset(both.duckdb, manifestOf("wide", wide));
  expect(await profileDataset(both.postgres, manifestOf("wide", wide))).toEqual(ours);
  expect(ours.columns.map((c) => c.number!.max)).toEqual(Array.from({ length: 70 }, (_, i) => i));
});
