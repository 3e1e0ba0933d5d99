import type { Feature } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import type { Reader } from "../warehouse/reader.ts";
import { compileAssociations, leakOf, readAssociations } from "./associations.ts";
import { isOwnRow, isRelated, ownColumns, relatedValues } from "./kinds.ts";
import { hasNoOwnRow, labelColumn } from "./label-rule.ts";
import type { LeakFacts } from "./leaks.ts";
import { compileMatrix } from "./matrix.ts";
import { type Relation, TEMPORAL } from "./schema.ts";
import { measureTiming, type ReadableTable } from "./timing/measure-timing.ts";

/** What leaks are measured on; `rows`: how many there are to train on. */
export type LeakSource = { tables: readonly ReadableTable[]; rows: number };

/** About so many training rows tell whether a column alone tells the target. */
const MOST_ROWS = 12_000;
const HELD = "__leaks";

/** The columns of the own table whose values features are made of, but for dates and the label itself. */
function plainColumns(features: readonly Feature[], { dataset, label }: Problem, own: Relation): Relation["columns"] {
  // A row of an event's problem has no columns of its own; what events tell is judged feature by feature.
  if (hasNoOwnRow(label)) return [];
  const read = new Set(
    features.flatMap((feature) => {
      if (isOwnRow(feature)) return ownColumns(feature);
      if (feature.kind === "target_mean") return [feature.column];
      return isRelated(feature) && feature.table === dataset ? relatedValues(feature) : [];
    }),
  );
  const target = labelColumn(label);
  return own.columns.filter(({ name, type }) => read.has(name) && name !== target && !TEMPORAL.includes(type));
}

/**
 * Measures what only the rows can say of features: when the columns they read were written, and which column of the own
 * table alone tells the target, on training rows. Holds one table for as long as it takes.
 */
export async function measureLeaks(
  reader: Reader,
  problem: Problem,
  features: readonly Feature[],
  { tables, rows }: LeakSource,
): Promise<LeakFacts> {
  const joins = features.filter(isRelated).map(({ table, key, localKey }) => ({
    left: { dataset: problem.dataset, column: localKey },
    right: { dataset: table, column: key },
  }));
  const timing = await measureTiming(reader, problem, { tables, joins });
  const facts: LeakFacts = {
    tables: Object.fromEntries(tables.map(({ manifest }) => [manifest.name, manifest])),
    timing,
    telling: {},
  };
  const relations = Object.fromEntries(
    tables.map(({ manifest, relation }) => [manifest.name, { relation, columns: manifest.columns }]),
  );
  const dataset = relations[problem.dataset]!;
  const columns = plainColumns(features, problem, dataset);
  if (columns.length === 0) return facts;
  const plain = columns.map(({ name, type }, i): Feature => ({ kind: "column", name: `c${i}`, column: name, type }));
  const sample = rows > MOST_ROWS ? { share: MOST_ROWS / rows, salt: "leaks" } : undefined;
  const matrix = compileMatrix(
    reader.dialect,
    problem,
    { features: plain },
    { dataset, tables: {}, sample },
    "training",
  );
  const measured = await reader.withHeld(HELD, matrix.sql, async (held) =>
    readAssociations(matrix.columns, await held.query(compileAssociations(matrix.columns, HELD, problem))),
  );
  const telling = measured.flatMap((association) => {
    const leak = leakOf(problem.task, association);
    const column = columns[Number(association.name.slice(1))]!.name;
    return leak === null ? [] : [[`${problem.dataset}.${column}`, leak] as const];
  });
  return { ...facts, telling: Object.fromEntries(telling) };
}
