import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import {
  type Expectation,
  type ExpectationResult,
  type Validation,
  validationOf,
} from "@muster/shared/domain/expectation.ts";
import { Fault } from "@muster/shared/fault.ts";
import { quoteIdent, quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { impossible, type Measure, type Measured, within } from "./rules/measure.ts";
import { measureOf } from "./rules/measure-rule.ts";

/** Aggregates a query: the planner's time grows faster than their number. */
const RULES_A_SCAN = 200;

/** The regular expressions of a rule. */
const regexesOf = ({ kwargs }: Expectation): string[] =>
  "regex" in kwargs ? [kwargs.regex] : "regex_list" in kwargs ? kwargs.regex_list : [];

/** What the engine's regular expressions can't compile would fail the whole scan. */
async function compiles(reader: Reader, regex: string): Promise<boolean> {
  try {
    await reader.query(`SELECT ${reader.dialect.matches("''", quoteLiteral(regex))} AS m`);
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === "internal") return false;
    throw error;
  }
}

async function measured(reader: Reader, expectation: Expectation, on: Measured): Promise<Measure> {
  for (const regex of regexesOf(expectation))
    if (!(await compiles(reader, regex))) return impossible("the regular expression isn't valid RE2");
  return measureOf(expectation, on);
}

/** The counts or the number that a measure came to; nothing where it needed no scan. */
type Came = { e?: unknown; u?: unknown; o?: unknown };

/** One scan for all measures that are aggregates of it; one each for those that aren't. */
async function taken(
  reader: Reader,
  relation: string,
  measures: readonly Measure[],
): Promise<{ rows: number; came: Came[] }> {
  const select = measures.flatMap((m, i) => {
    if (m.by === "values") return [`${m.evaluated} AS e${i}`, `${m.unexpected} AS u${i}`];
    return m.by === "number" ? [`${m.sql} AS o${i}`] : [];
  });
  const [row] = await reader.query(`SELECT ${["count(*) AS n", ...select].join(", ")} FROM ${quoteIdent(relation)}`);
  const came: Came[] = [];
  for (const [i, m] of measures.entries())
    came.push(
      m.by === "query" ? (await reader.query(m.sql))[0]! : { e: row![`e${i}`], u: row![`u${i}`], o: row![`o${i}`] },
    );
  return { rows: Number(row!.n), came };
}

/** A rule's outcome, with a query that shows the rows against it: no text value stands in it. Null where none can be shown. */
export type Checked = ExpectationResult & { rows: string | null };

/**
 * Checks expectations against a dataset version, which the reader holds under its name, in one scan (of up to 200
 * expectations each; dependencies take one of their own). Missing values don't count except where the rule is about them;
 * `unique` counts the values beyond the first of each. A rule about a column that isn't there, or that doesn't suit its
 * type, fails with its reason; so does a mean of no values. No expectations at all is a failed check.
 */
export async function checkExpectations(
  reader: Reader,
  manifest: Pick<DatasetManifest, "name" | "version" | "columns">,
  expectations: readonly Expectation[],
): Promise<Validation & { results: Checked[] }> {
  const on: Measured = {
    relation: manifest.name,
    columns: new Map(manifest.columns.map((c) => [c.name, c])),
    dialect: reader.dialect,
  };
  const results: Checked[] = [];
  for (let start = 0; start < expectations.length; start += RULES_A_SCAN) {
    const some = expectations.slice(start, start + RULES_A_SCAN);
    const measures: Measure[] = [];
    for (const expectation of some) measures.push(await measured(reader, expectation, on));
    const { rows, came } = await taken(reader, manifest.name, measures);
    results.push(...some.map((expectation, i) => judge(expectation, measures[i]!, came[i]!, rows)));
  }
  return { ...validationOf(manifest.name, manifest.version, results), results };
}

function judge(expectation: Expectation, m: Measure, { e, u, o }: Came, n: number): Checked {
  const nothing = { evaluated: 0, unexpected: 0, value: null, reason: null };
  const say = (
    success: boolean,
    observed: Partial<ExpectationResult["observed"]>,
    rows: string | null = null,
  ): Checked => ({
    expectation,
    success,
    observed: { ...nothing, ...observed },
    rows: success ? null : rows,
  });
  if (m.by === "impossible") return say(false, { reason: m.reason });
  if (m.by === "known") return say(m.success, { value: m.value });
  if (m.by === "number") {
    const value = o === null || o === undefined ? null : Number(o);
    if (value === null || !Number.isFinite(value)) return say(false, { reason: "there is no value" });
    return say(within(value, m.min, m.max), { evaluated: n, value });
  }
  const [evaluated, unexpected] = [Number(e), Number(u)];
  return say(evaluated === 0 || (evaluated - unexpected) / evaluated >= m.mostly, { evaluated, unexpected }, m.rows);
}
