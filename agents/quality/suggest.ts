import type { Expectation, Rule } from "@muster/shared/domain/expectation.ts";
import { CATEGORY_COUNT, type ColumnProfile, type Profile } from "@muster/shared/domain/profile.ts";
import type { Relations } from "./relations.ts";

const MOST_CATEGORIES = 20;
/** Rows below which a quantile is too near to a single value to build a bound on. */
const ROWS_FOR_BOUNDS = 2_000;
const ROWS_FOR_SHAPES = 50;
const MOST_SHAPES = 3;
/** Beyond this skew a few values move the mean; the median says more. */
const SKEWED = 2;

const expect = (severity: Expectation["severity"], because: string, rule: Rule): Expectation => ({
  ...rule,
  severity,
  because,
});
const percent = (share: number) => `${(100 * share).toPrecision(4)} %`;
/** Rounds down to what a later load may fall to without alarm: half a percent below what was seen. */
const slack = (share: number) => Math.max(0, Math.floor((share - 0.005) * 1000) / 1000);
/** Two digits, outwards: a bound, not a value of a row. */
const outwards = (value: number, up: boolean) => {
  if (value === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  return Number(((up ? Math.ceil(value / unit) : Math.floor(value / unit)) * unit).toPrecision(2));
};

function ofNumbers({ name: column, number }: ColumnProfile, there: number): Expectation[] {
  const [low, high] = [number?.quantiles.p01, number?.quantiles.p99];
  if (!number || low == null || high == null || there < ROWS_FOR_BOUNDS || number.mean === null) return [];
  const span = high - low;
  const between = {
    min_value: number.negatives === 0 ? 0 : outwards(low - span, false),
    max_value: outwards(high + span, true),
    mostly: 0.98,
  };
  const because = `1 % quantile ${low}, 99 % quantile ${high}${number.negatives === 0 ? ", none of the values negative" : ""}`;
  const found = [
    expect("warn", because, { type: "expect_column_values_to_be_between", kwargs: { column, ...between } }),
  ];
  if (number.sd === null || number.sd === 0) return found;
  const middle = number.quantiles.p50;
  if (Math.abs(number.skew ?? 0) > SKEWED && middle != null) {
    const [p25, p75] = [number.quantiles.p25!, number.quantiles.p75!];
    if (p75 > p25) {
      const kwargs = { column, min_value: p25, max_value: p75 };
      const seen = `median ${middle}, middle half ${p25} to ${p75}, skew ${number.skew!.toPrecision(3)}`;
      found.push(expect("warn", seen, { type: "expect_column_median_to_be_between", kwargs }));
    }
    return found;
  }
  const kwargs = { column, min_value: number.mean - number.sd / 2, max_value: number.mean + number.sd / 2 };
  const seen = `mean ${number.mean.toPrecision(6)}, half a standard deviation (${number.sd.toPrecision(6)}) either side`;
  const spread = { column, min_value: number.sd / 2, max_value: number.sd * 2 };
  const half = `standard deviation ${number.sd.toPrecision(6)}, half to double`;
  found.push(
    expect("warn", seen, { type: "expect_column_mean_to_be_between", kwargs }),
    expect("warn", half, { type: "expect_column_stdev_to_be_between", kwargs: spread }),
  );
  return found;
}

function ofCategories(c: ColumnProfile, there: number): Expectation[] {
  const shown = c.top.filter((t) => t.count >= CATEGORY_COUNT);
  const covered = shown.reduce((sum, t) => sum + t.count, 0) / there;
  if (c.type === "number" || c.type === "date" || c.type === "timestamp" || c.distinct > MOST_CATEGORIES) return [];
  if (shown.length === 0 || covered < 0.9) return [];
  const several = { column: c.name, min_value: Math.ceil(c.distinct / 2), max_value: 2 * c.distinct };
  const value_set = shown.map((t) => (c.type === "integer" ? Number(t.value) : t.value));
  const because = `${shown.length} values with ${CATEGORY_COUNT} rows or more make up ${percent(covered)}`;
  const mostly = covered === 1 ? 0.99 : slack(covered);
  return [
    expect("warn", because, {
      type: "expect_column_values_to_be_in_set",
      kwargs: { column: c.name, value_set, mostly },
    }),
    expect("warn", `${c.distinct} different values, half to double`, {
      type: "expect_column_unique_value_count_to_be_between",
      kwargs: several,
    }),
  ];
}

/** A shape as a regular expression; runs of one kind are counted. */
export function shapeRegex(shape: string): string {
  const kinds: Record<string, string> = { A: "[A-Z]", a: "[a-z]", "9": "[0-9]" };
  const runs = shape.match(/(.)\1*/gsu) ?? [];
  const parts = runs.map((run) => {
    const one =
      kinds[run[0]!] ?? run[0]!.replace(/[\\^$.*+?()[\]{}|]/, (c) => `[${c === "^" || c === "\\" ? `\\${c}` : c}]`);
    return run.length > 1 ? `${one}{${[...run].length}}` : one;
  });
  return parts.join("");
}

/** Text columns of codes: of one length, or of a few shapes that hold a digit. */
function ofCodes({ name: column, text }: ColumnProfile, there: number): Expectation[] {
  if (!text || there < ROWS_FOR_SHAPES) return [];
  const found: Expectation[] = [];
  if (text.minLength === text.maxLength && text.maxLength > 1)
    found.push(
      expect("warn", `all ${there} values have ${text.maxLength} characters`, {
        type: "expect_column_value_lengths_to_equal",
        kwargs: { column, value: text.maxLength, mostly: 0.99 },
      }),
    );
  const common = text.shapes.filter((one) => one.count >= 0.05 * there);
  const covered = common.reduce((sum, one) => sum + one.count, 0) / there;
  const codes = common.every(({ shape }) => /9/.test(shape) && /^[\x20-\x7e]{1,39}$/.test(shape));
  if (common.length === 0 || common.length > MOST_SHAPES || covered < 0.98 || !codes) return found;
  const regex = `^(${common.map(({ shape }) => shapeRegex(shape)).join("|")})$`;
  const because = `${common.length === 1 ? "one shape makes" : `${common.length} shapes make`} up ${percent(covered)} of ${there} values`;
  const kwargs = { column, regex, mostly: slack(covered) };
  return [...found, expect("warn", because, { type: "expect_column_values_to_match_regex", kwargs })];
}

function ofColumn(c: ColumnProfile, rows: number, tagged: boolean): Expectation[] {
  const column = c.name;
  const there = rows - c.nulls;
  const found = [
    expect("error", `column of the profiled version, ${rows} rows`, {
      type: "expect_column_to_exist",
      kwargs: { column },
    }),
    expect("error", `stored as ${c.type}`, {
      type: "expect_column_values_to_be_of_type",
      kwargs: { column, type_: c.type },
    }),
  ];
  if (there === 0) {
    const kwargs = { column, mostly: 1 };
    const because = `no value in ${rows} rows`;
    return rows === 0
      ? found
      : [...found, expect("warn", because, { type: "expect_column_values_to_be_null", kwargs })];
  }
  const complete = c.nulls === 0;
  const mostly = complete ? 1 : slack(1 - c.nullShare);
  const seen = `${c.nulls} of ${rows} rows missing`;
  const severity = complete ? "error" : "warn";
  found.push(expect(severity, seen, { type: "expect_column_values_to_not_be_null", kwargs: { column, mostly } }));
  if (c.idLike && c.uniqueShare === 1) {
    const kwargs = { column, mostly: 1 };
    found.push(
      expect("error", `${c.distinct} different values in ${there} rows`, {
        type: "expect_column_values_to_be_unique",
        kwargs,
      }),
    );
  } else if (c.type === "text" && c.distinct > MOST_CATEGORIES) {
    const kwargs = { column, min_value: c.uniqueShare / 2, max_value: Math.min(1, c.uniqueShare * 2) };
    const type = "expect_column_proportion_of_unique_values_to_be_between";
    found.push(expect("warn", `${percent(c.uniqueShare)} of the values differ`, { type, kwargs }));
  }
  if (c.text && there >= ROWS_FOR_BOUNDS) {
    const kwargs = { column, min_value: c.text.minLength, max_value: Math.max(1, 2 * c.text.maxLength), mostly: 1 };
    const because = `lengths ${c.text.minLength} to ${c.text.maxLength} characters`;
    found.push(expect("warn", because, { type: "expect_column_value_lengths_to_be_between", kwargs }));
  }
  if (!tagged) found.push(...ofCodes(c, there));
  if (tagged || c.idLike) return found;
  return [...found, ...ofCategories(c, there), ...ofNumbers(c, there)];
}

function ofRelations({ dependencies, orders }: Relations): Expectation[] {
  const held = (holds: number) => (holds === 1 ? 0.995 : slack(holds));
  return [
    ...dependencies.map(({ determinant, dependent: column, rows, groups, holds }) =>
      expect(
        "warn",
        `${percent(holds)} of ${rows} rows agree with those of the same ${determinant.join(" and ")} (${groups} seen more than once)`,
        {
          type: "expect_column_to_be_determined_by",
          kwargs: { column, determinant, mostly: held(holds) },
        },
      ),
    ),
    ...orders.map(({ later, earlier, rows, holds }) =>
      expect("warn", `${percent(holds)} of ${rows} rows that have both are in this order`, {
        type: "expect_column_pair_values_a_to_be_greater_than_b",
        kwargs: { column_A: later, column_B: earlier, or_equal: true, mostly: held(holds) },
      }),
    ),
  ];
}

/**
 * Expectations for the next version of a dataset, each with the number that justifies it. Values stand in them only as
 * categories that at least 20 rows show, and bounds come from quantiles, never from the minimum or maximum; columns in
 * `tagged` (those with a PII tag) get neither. What always held is an error when it breaks, what is a habit only a warning.
 */
export function suggestExpectations(
  profile: Profile,
  tagged: ReadonlySet<string>,
  relations: Relations = { dependencies: [], orders: [] },
): Expectation[] {
  const { rows, columns } = profile;
  const kwargs = { min_value: Math.floor(rows / 2), max_value: rows * 2 };
  return [
    expect("error", "a table without rows can't be used", {
      type: "expect_table_row_count_to_be_between",
      kwargs: { min_value: 1, max_value: null },
    }),
    expect("warn", `${rows} rows, half to double`, { type: "expect_table_row_count_to_be_between", kwargs }),
    expect("warn", `${columns.length} columns`, {
      type: "expect_table_column_count_to_equal",
      kwargs: { value: columns.length },
    }),
    ...columns.flatMap((c) => ofColumn(c, rows, tagged.has(c.name))),
    ...ofRelations(relations),
  ];
}
