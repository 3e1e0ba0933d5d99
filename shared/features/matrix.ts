import type { FeatureView } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { quoteIdent, quoteLiteral } from "../warehouse/quote.ts";
import { type CompiledView, compileView } from "./compile-sql.ts";
import { ownColumns } from "./kinds.ts";
import { labelRows } from "./labels.ts";
import { columnOf, type Relation } from "./schema.ts";
import { inShareSql } from "./side.ts";

/** The role of a matrix file: fitted on, opened once to confirm, or scored. */
export type MatrixRole = "training" | "holdout" | "scoring";

/** What a matrix is compiled over: the label's dataset, related tables by dataset name, and a share of entities to read. */
export type MatrixSource = {
  dataset: Relation;
  tables: Readonly<Record<string, Relation>>;
  sample?: { share: number; salt: string };
};

/**
 * SQL for the matrix file of a role (of a flat table every row is scored, labelled or not): `__row` (from 0), `__entity`, `__cutoff`, `__label`, then one column per feature
 * (DOUBLE or VARCHAR), ordered by cutoff and hash of the entity. Labels are compiled anew from the pinned dataset by the
 * same rule that wrote them, so that a row never meets another row's label.
 */
export function compileMatrix(
  problem: Problem,
  view: Pick<FeatureView, "features">,
  source: MatrixSource,
  role: MatrixRole,
): CompiledView {
  const own = [...new Set(view.features.flatMap(ownColumns))];
  const spine: Relation = { relation: "__spine", columns: own.map((name) => columnOf(source.dataset, name)) };
  const compiled = compileView(view, { spine, tables: source.tables, keep: ["__entity", "__cutoff", "__label"] });
  const sampled =
    source.sample === undefined ? "" : ` AND ${inShareSql("__entity", source.sample.share, source.sample.salt)}`;
  // Rows that share entity and cutoff are told apart by their values; equal ones may stand either way.
  const order = [
    "__cutoff NULLS FIRST",
    "sha256(__entity)",
    "__label",
    ...compiled.columns.map((c) => quoteIdent(c.name)),
  ];
  const rows = labelRows(problem, source.dataset, own);
  // A flat table's rows have no window that is still open: all of them are scored, without their labels.
  const picked =
    role === "scoring" && problem.label.kind === "column"
      ? `SELECT * REPLACE (NULL AS __label) FROM (${rows}) WHERE true`
      : `SELECT * FROM (${rows}) WHERE __split = ${quoteLiteral(role)}`;
  const sql = `WITH __spine AS MATERIALIZED (
${picked}${sampled}
), __view AS (
${compiled.sql}
)
SELECT row_number() OVER (ORDER BY ${order.join(", ")}) - 1 AS __row, * FROM __view ORDER BY __row`;
  return { ...compiled, sql };
}
