import type { Feature } from "@muster/shared/domain/feature.ts";
import type { ColumnLeak } from "@muster/shared/domain/leakage.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import {
  type Association,
  compileAssociations,
  leakOf,
  readAssociations,
} from "@muster/shared/features/associations.ts";
import { hasNoOwnRow, labelColumn, ruleTime } from "@muster/shared/features/label-rule.ts";
import { leaksOf } from "@muster/shared/features/leaks.ts";
import { compileMatrix } from "@muster/shared/features/matrix.ts";
import { TEMPORAL } from "@muster/shared/features/schema.ts";
import { measureTiming, type TimingSource } from "@muster/shared/features/timing/measure-timing.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { namedAfter } from "./names.ts";
import { partsOf } from "./parts.ts";

/** What leakage is looked for in; `rows`: of the labels, in training; `candidates`: the own table's columns that features may be made of. */
export type LeakageSource = TimingSource & { rows: number; candidates: ReadonlySet<string> };

/** About so many training rows tell. */
const MOST_ROWS = 12_000;
const HELD = "__leakage";
/** What the target is made of is there with it. */
const MOST_MISSING = 0.05;
/** A column named after the target leaks from less strength on: |2·AUC − 1| or |rank correlation|, or its share of information. */
const NAMED_STRENGTH = 0.6;
const NAMED_INFORMATION = 0.25;

function byName(
  column: string,
  target: string,
  task: Problem["task"],
  a: Association,
): Omit<ColumnLeak, "column"> | null {
  if (!namedAfter(column, target)) return null;
  const rank = a.rank === null ? 0 : task === "binary" ? Math.abs(2 * a.rank - 1) : Math.abs(a.rank);
  if (rank < NAMED_STRENGTH && a.information < NAMED_INFORMATION) return null;
  const [what, number] = rank >= NAMED_STRENGTH ? ["strength", rank] : ["share of its information", a.information];
  return {
    by: "name",
    reason: `leaking: named after the target, of which it tells much (${what} on training rows)`,
    number: Number(number),
  };
}

/** The numbers of a held matrix, column by column, and its target; NaN where missing. */
async function numbersOf(held: Reader, names: readonly string[]) {
  const select = ["__label", ...names].map((name, i) => `CAST(${quoteIdent(name)} AS DOUBLE PRECISION) AS c${i}`);
  const rows = await held.query(`SELECT ${select.join(", ")} FROM ${HELD} WHERE __label IS NOT NULL`);
  const column = (i: number) =>
    Float64Array.from(rows, (row) => (row[`c${i}`] === null ? Number.NaN : Number(row[`c${i}`])));
  return { target: column(0), columns: names.map((_, i) => column(i + 1)) };
}

/**
 * Finds the columns of the problem's own table that tell the target because they were known only with it or later: by what
 * one alone tells, by what the target is made of, by its name together with what it tells, and by when it was written. Reads
 * training rows only. Columns of other tables are judged where features are made of them.
 */
export async function findLeakage(reader: Reader, problem: Problem, source: LeakageSource): Promise<ColumnLeak[]> {
  const own = source.tables.find(({ manifest }) => manifest.name === problem.dataset)!;
  const { label } = problem;
  const aside = [labelColumn(label), problem.entity, ruleTime(label)];
  const columns = own.manifest.columns.filter(({ name }) => source.candidates.has(name) && !aside.includes(name));
  const full = (name: string) => `${problem.dataset}.${name}`;
  const features = columns.map(({ name, type }, i): Feature => ({ kind: "column", name: `c${i}`, column: name, type }));
  const timing = await measureTiming(reader, problem, source);
  const tables = Object.fromEntries(source.tables.map(({ manifest }) => [manifest.name, manifest]));
  const late = leaksOf(features, problem, { tables, timing, telling: {} })
    .filter(({ leak }) => leak === "written later")
    .map(
      ({ column, why, number }): ColumnLeak => ({
        column: column!,
        by: "timing",
        reason: `it ${why}`,
        number: number ?? 1,
      }),
    );

  const plain = features.filter((_, i) => !TEMPORAL.includes(columns[i]!.type));
  // A row of an event's problem has no columns of its own; its features are judged one by one.
  if (plain.length === 0 || hasNoOwnRow(label)) return late;
  const share = MOST_ROWS / Math.max(1, source.rows);
  const sample = share < 1 ? { share, salt: "leakage" } : undefined;
  const relation = { relation: own.relation, columns: own.manifest.columns };
  const matrix = compileMatrix(
    reader.dialect,
    problem,
    { features: plain },
    { dataset: relation, tables: {}, sample },
    "training",
  );
  const told = await reader.withHeld(HELD, matrix.sql, async (held) => {
    const nameOf = (feature: string) => columns[Number(feature.slice(1))]!.name;
    const measured = readAssociations(
      matrix.columns,
      await held.query(compileAssociations(matrix.columns, HELD, problem)),
    );
    const found = measured.flatMap((a): ColumnLeak[] => {
      const name = nameOf(a.name);
      const strong = leakOf(problem.task, a);
      const leak = strong ? { by: "strength" as const, ...strong } : byName(name, problem.target, problem.task, a);
      return leak ? [{ column: full(name), ...leak }] : [];
    });
    if (problem.task !== "regression") return found;
    const known = new Set(found.map(({ column }) => column));
    const filled = new Set(measured.filter((a) => a.missing <= MOST_MISSING * a.rows).map(({ name }) => name));
    const numeric = matrix.columns.filter(
      ({ name, type }) => type === "number" && filled.has(name) && !known.has(full(nameOf(name))),
    );
    const numbers = await numbersOf(
      held,
      numeric.map(({ name }) => name),
    );
    const made = partsOf(numbers.columns, numbers.target);
    const reason = "leaking: the target is made of it and others (share of its variance that they explain)";
    const parts = (made?.parts ?? []).map((i) => ({
      column: full(nameOf(numeric[i]!.name)),
      by: "part" as const,
      reason,
      number: made!.share,
    }));
    return [...found, ...parts];
  });
  const spoken = new Set(late.map(({ column }) => column));
  return [...late, ...told.filter(({ column }) => !spoken.has(column))];
}
