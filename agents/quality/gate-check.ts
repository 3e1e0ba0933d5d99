import { columnsOf, type Rule } from "@muster/shared/domain/expectation.ts";
import type { Check } from "@muster/shared/fact/table.ts";
import { ruleKey } from "./binding.ts";
import type { Checked } from "./check.ts";

/** A rule's kind in plain words. */
export const kindWords = ({ type }: Rule): string => type.replace(/^expect_/, "").replaceAll("_", " ");

/** An expectation's result as a gate's check: kind, columns and counts; never a value, also where the rule holds some. */
export function checkOf({ expectation, success, observed, rows }: Checked): Check {
  const columns = columnsOf(expectation);
  const found =
    observed.reason ??
    (observed.evaluated > 0 && observed.value === null
      ? `${observed.unexpected} of ${observed.evaluated} against it`
      : observed.value === null
        ? "it isn't so"
        : `it is ${Number(observed.value.toPrecision(6))}`);
  return {
    name: columns.length > 0 && columns.length <= 8 ? ruleKey(expectation) : expectation.type,
    success,
    severity: expectation.severity,
    observed: { evaluated: observed.evaluated, unexpected: observed.unexpected, value: observed.value },
    message: `${columns.length === 1 ? `${columns[0]}: ` : ""}${kindWords(expectation)}${columns.length > 1 && columns.length <= 8 ? ` (${columns.join(", ")})` : ""}: ${success ? "held" : found}`,
    rows,
  };
}

/** What mends a failed check by what its name holds, the first that fits; `{of}` stands for its columns. */
const repairs: readonly (readonly [RegExp, string])[] = [
  [/determined_by/, "correct the rows of {of} that disagree with the others of their group"],
  [/within_record|pair_values|multicolumn/, "correct the rows in which {of} don't go together"],
  [/unique/, "load {of} without repeated keys or rows"],
  [/not_be_null/, "fill the missing values of {of}, or exclude it"],
  [/to_be_null/, "see why {of} holds values now, and define what is expected of them"],
  [/row_count/, "load the whole table; rows are missing or repeated"],
  [/column_count|match_set|to_exist|of_type|type_list/, "load {of} with the columns and types it had"],
  [/in_set|distinct_values|most_common|match_regex/, "correct the values of {of}, or define the new ones as expected"],
  [/lengths|be_between|z_scores/, "correct the values of {of} that lie outside, or define other bounds"],
];

/** What would repair a failed check, in a sentence. */
export function repairOf(check: Check): string {
  const of = /\((.+)\)$/.exec(check.name)?.[1];
  const where = of ? `column ${of}` : "the table";
  const [, said] = repairs.find(([named]) => named.test(check.name)) ?? [null, "mend or exclude {of}"];
  return `${said!.replace("{of}", where)}${check.rows ? "; the query in `rows` shows them" : ""}`;
}
