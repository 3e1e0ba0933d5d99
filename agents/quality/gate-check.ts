import type { ExpectationResult } from "@muster/shared/domain/expectation.ts";
import type { Check } from "@muster/shared/fact/table.ts";

/** An expectation's result as a gate's check: kind, column and counts; never a value, also where the rule holds some. */
export function checkOf({ expectation, success, observed }: ExpectationResult, rows: string | null = null): Check {
  const kwargs = expectation.kwargs as { column?: string; column_list?: string[] };
  const column = kwargs.column ?? null;
  const what = expectation.type.replace(/^expect_/, "").replaceAll("_", " ");
  const share =
    observed.evaluated > 0
      ? `${observed.unexpected} of ${observed.evaluated} against it`
      : (observed.reason ?? "not evaluated");
  return {
    name: column ? `${expectation.type}(${column})` : expectation.type,
    success,
    severity: expectation.severity,
    observed: { evaluated: observed.evaluated, unexpected: observed.unexpected, value: observed.value },
    message: `${column ? `${column}: ` : ""}${what}: ${success ? "held" : share}`,
    rows,
  };
}

/** What would repair a failed check, in a sentence. */
export function repairOf(check: Check): string {
  const of = /\((.+)\)$/.exec(check.name)?.[1];
  const where = of ? `column ${of}` : "the table";
  if (check.name.includes("unique"))
    return `load ${where} without repeated keys or rows; the query in \`rows\` shows them`;
  if (check.name.includes("not_be_null")) return `fill the missing values of ${where}, or exclude it`;
  if (check.name.includes("row_count")) return "load the whole table; rows are missing or repeated";
  if (check.name.includes("to_exist") || check.name.includes("of_type")) return `load ${where} with the type it had`;
  return `mend or exclude ${where}; the query in \`rows\` shows what is against the rule`;
}
