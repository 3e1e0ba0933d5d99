import type { Expectation, Rule } from "@muster/shared/domain/expectation.ts";
import { CATEGORY_COUNT, type ColumnProfile, type Profile } from "@muster/shared/domain/profile.ts";

const MOST_CATEGORIES = 20;
/** Rows below which a quantile is too near to a single value to build a bound on. */
const ROWS_FOR_BOUNDS = 2_000;

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
  if (number.sd !== null && number.sd > 0) {
    const kwargs = { column, min_value: number.mean - number.sd / 2, max_value: number.mean + number.sd / 2 };
    const seen = `mean ${number.mean.toPrecision(6)}, half a standard deviation (${number.sd.toPrecision(6)}) either side`;
    found.push(expect("warn", seen, { type: "expect_column_mean_to_be_between", kwargs }));
  }
  return found;
}

function ofCategories(c: ColumnProfile, there: number): Expectation[] {
  const shown = c.top.filter((t) => t.count >= CATEGORY_COUNT);
  const covered = shown.reduce((sum, t) => sum + t.count, 0) / there;
  if (c.type === "number" || c.type === "date" || c.type === "timestamp" || c.distinct > MOST_CATEGORIES) return [];
  if (shown.length === 0 || covered < 0.9) return [];
  const value_set = shown.map((t) => (c.type === "integer" ? Number(t.value) : t.value));
  const because = `${shown.length} values with ${CATEGORY_COUNT} rows or more make up ${percent(covered)}`;
  const mostly = covered === 1 ? 0.99 : slack(covered);
  return [
    expect("warn", because, {
      type: "expect_column_values_to_be_in_set",
      kwargs: { column: c.name, value_set, mostly },
    }),
  ];
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
  if (there === 0) return found;
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
  if (tagged || c.idLike) return found;
  return [...found, ...ofCategories(c, there), ...ofNumbers(c, there)];
}

/**
 * Expectations for the next version of a dataset, each with the number that justifies it. Values stand in them only as
 * categories that at least 20 rows show, and bounds come from quantiles, never from the minimum or maximum; columns in
 * `tagged` (those with a PII tag) get neither. What always held is an error when it breaks, what is a habit only a warning.
 */
export function suggestExpectations(profile: Profile, tagged: ReadonlySet<string>): Expectation[] {
  const { rows } = profile;
  const kwargs = { min_value: Math.floor(rows / 2), max_value: rows * 2 };
  return [
    expect("error", "a table without rows can't be used", {
      type: "expect_table_row_count_to_be_between",
      kwargs: { min_value: 1, max_value: null },
    }),
    expect("warn", `${rows} rows, half to double`, { type: "expect_table_row_count_to_be_between", kwargs }),
    ...profile.columns.flatMap((c) => ofColumn(c, rows, tagged.has(c.name))),
  ];
}
