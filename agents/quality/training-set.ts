import type { Problem } from "@muster/shared/domain/problem.ts";
import type { Check } from "@muster/shared/fact/table.ts";
import {
  type Association,
  compileAssociations,
  leakOf,
  readAssociations,
} from "@muster/shared/features/associations.ts";
import { FEWEST, scarce } from "@muster/shared/features/enough.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";

/** A matrix to check: the relation, its feature columns, and the columns that come by a join. */
export type TrainingSet = {
  relation: string;
  columns: readonly { name: string; type: "number" | "category" }[];
  joined: readonly string[];
  /** Features that read a column which leaks, with that column's reason and number. */
  leaking: ReadonlyMap<string, { reason: string; number: number }>;
  /** Features all of whose leaking columns a person confirmed to be known in time. */
  allowed: ReadonlySet<string>;
};

const check = (
  name: string,
  success: boolean,
  severity: Check["severity"],
  observed: Check["observed"],
  message: string,
  rows: string | null = null,
): Check => ({
  name,
  success,
  severity,
  observed,
  message,
  rows,
});

/** Fewest rows that a join must match before its features say something; below, a warning. */
const leastMatch = 0.5;

/**
 * Checks a training matrix before anything is fitted on it: rows and features are there, one row per entity × cutoff,
 * labels are there and enough of each class, joins match, and no single feature tells the target. Reads training rows only.
 */
export async function checkTrainingSet(
  reader: Reader,
  set: TrainingSet,
  problem: Problem,
): Promise<{ checks: Check[]; rows: number; positives: number | null; associations: Association[] }> {
  const from = quoteIdent(set.relation);
  const [shape] = await reader.query(
    `SELECT count(*) AS n, count(__label) AS labelled, count(*) - count(DISTINCT (__entity, __cutoff)) AS repeated FROM ${from}`,
  );
  const [rows, labelled, repeated] = [Number(shape!.n), Number(shape!.labelled), Number(shape!.repeated)];
  const checks: Check[] = [
    check("training_set_has_rows", rows > 0, "error", { rows }, `${rows} training rows`),
    check(
      "training_set_has_features",
      set.columns.length > 0,
      "error",
      { features: set.columns.length },
      `${set.columns.length} features`,
    ),
    check(
      "one_row_per_entity_and_cutoff",
      repeated === 0,
      "error",
      { repeated },
      `${repeated} rows repeat an entity at a cutoff`,
      `SELECT __entity, __cutoff, count(*) FROM ${from} GROUP BY __entity, __cutoff HAVING count(*) > 1`,
    ),
    check(
      "label_is_there",
      labelled === rows,
      "error",
      { missing: rows - labelled },
      `${rows - labelled} training rows have no label`,
    ),
  ];
  if (rows === 0 || set.columns.length === 0) return { checks, rows, positives: null, associations: [] };
  const classes =
    problem.task === "regression"
      ? []
      : (
          await reader.query(
            `SELECT __label AS label, count(*) AS n FROM ${from} WHERE __label IS NOT NULL GROUP BY 1 ORDER BY 2, 1`,
          )
        ).map((row) => ({ label: String(row.label), rows: Number(row.n) }));
  const few = scarce(problem.task, classes, labelled);
  checks.push(
    check(
      "enough_of_each_class",
      few >= FEWEST.training,
      "error",
      { found: few, needed: FEWEST.training },
      problem.task === "regression" ? `${few} labelled rows` : `${few} rows outside the largest class`,
    ),
  );
  checks.push(...(await joins(reader, set, rows)), ...(await nulls(reader, set)));
  const associations = readAssociations(
    set.columns,
    await reader.query(compileAssociations(set.columns, set.relation, problem)),
  );
  const leakFor = (one: Association) =>
    set.leaking.get(one.name) ?? (set.allowed.has(one.name) ? null : leakOf(problem.task, one));
  for (const one of associations) {
    const leak = leakFor(one);
    if (leak)
      checks.push(
        check(`no_leak(${one.name})`, false, "error", { strength: leak.number }, `${one.name}: ${leak.reason}`),
      );
  }
  if (!associations.some((one) => leakFor(one)))
    checks.push(
      check(
        "no_leaking_column",
        true,
        "error",
        { features: associations.length },
        `none of ${associations.length} features alone tells the target`,
      ),
    );
  return { checks, rows, positives: problem.task === "binary" ? few : null, associations };
}

async function joins(reader: Reader, set: TrainingSet, rows: number): Promise<Check[]> {
  if (set.joined.length === 0) return [];
  const any = set.joined.map((name) => `${quoteIdent(name)} IS NOT NULL`).join(" OR ");
  const [row] = await reader.query(`SELECT count(*) AS n FROM ${quoteIdent(set.relation)} WHERE ${any}`);
  const share = Number(row!.n) / rows;
  return [
    check(
      "joins_match",
      share >= leastMatch,
      "warn",
      { share },
      `${(100 * share).toFixed(1)} % of the rows met something in a joined table`,
    ),
  ];
}

async function nulls(reader: Reader, set: TrainingSet): Promise<Check[]> {
  const counts = set.columns.map(({ name }, i) => `count(${quoteIdent(name)}) AS c${i}`);
  const [row] = await reader.query(`SELECT ${counts.join(", ")} FROM ${quoteIdent(set.relation)}`);
  const empty = set.columns.filter((_, i) => Number(row![`c${i}`]) === 0).map(({ name }) => name);
  return [
    check(
      "no_empty_feature",
      empty.length === 0,
      "warn",
      { empty: empty.length },
      empty.length === 0 ? "every feature has values" : `without any value: ${empty.join(", ")}`,
    ),
  ];
}
