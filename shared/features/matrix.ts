import type { Feature, FeatureView } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent, quoteLiteral } from "../warehouse/quote.ts";
import { type CompiledView, compileView } from "./compile-sql.ts";
import { aheadColumn } from "./forecast-labels.ts";
import { isAhead, ownColumns, readsLabels } from "./kinds.ts";
import { labelRows } from "./labels.ts";
import { isPast, type PastFeature, pastColumns } from "./past.ts";
import { columnOf, type Relation } from "./schema.ts";
import { inShareSql } from "./side.ts";

/** The role of a matrix file: fitted on, opened once to confirm, or scored. */
export type MatrixRole = "training" | "holdout" | "scoring";

/**
 * The problem asked again at other scoring cutoffs. Outcomes of earlier cutoffs are built only where features read them:
 * each costs a pass over the intervals.
 */
export function scoredAt(problem: Problem, features: readonly Feature[], scoring: string, now: string | null): Problem {
  const { cutoffs } = problem;
  const earlier = features.some(readsLabels) ? cutoffs : { training: [], holdout: null };
  return { ...problem, now, cutoffs: { ...earlier, scoring } };
}

/** What a matrix is compiled over: the label's dataset, related tables by dataset name, and a share of entities to read. */
export type MatrixSource = {
  dataset: Relation;
  tables: Readonly<Record<string, Relation>>;
  sample?: { share: number; salt: string };
};

/**
 * SQL for the matrix file of a role (of a flat table every row is scored, labelled or not): `__row` (from 0), `__entity`, `__cutoff`, `__label`, then one column per feature
 * (doubles or text), ordered by cutoff and hash of the entity. Labels are compiled anew from the pinned dataset by the
 * same rule that wrote them, so that a row never meets another row's label.
 */
export function compileMatrix(
  dialect: Dialect,
  problem: Problem,
  view: Pick<FeatureView, "features">,
  source: MatrixSource,
  role: MatrixRole,
): CompiledView {
  const past = (feature: Feature): feature is PastFeature => isPast(feature, problem);
  const mine = view.features.filter(past);
  const own = [...new Set([...view.features.flatMap(ownColumns), ...mine.flatMap(pastColumns)])];
  const ahead = view.features.filter(isAhead);
  const columns = own.map((name) => columnOf(source.dataset, name));
  const all: Relation = { relation: "__all", columns };
  const compiled = compileView(dialect, view, {
    ...{ spine: { relation: "__spine", columns }, tables: source.tables, keep: ["__entity", "__cutoff", "__label"] },
    past: { table: all, few: source.sample !== undefined, isPast: past },
    labels: { dialect, problem, all, spine: "__spine" },
  });
  const sampled =
    source.sample === undefined
      ? ""
      : ` AND ${inShareSql(dialect, "__entity", source.sample.share, source.sample.salt)}`;
  // Rows that share entity and cutoff are told apart by their values; equal ones may stand either way.
  const order = [
    "__cutoff NULLS FIRST",
    dialect.sha256("__entity"),
    "__label",
    ...compiled.columns.map((c) => quoteIdent(c.name)),
  ];
  const rows = labelRows(dialect, problem, source.dataset, own, source.tables, ahead);
  // A flat table's rows have no window that is still open: all of them are scored, without their labels.
  const flat = role === "scoring" && problem.label.kind === "column";
  const where = `${flat ? "true" : `__split = ${quoteLiteral(role)}`}${sampled}`;
  const labels = flat
    ? `CAST(NULL AS ${problem.task === "regression" ? "DOUBLE PRECISION" : "VARCHAR"}) AS __label`
    : "__label";
  const { first, second, carried } = compiled.windows;
  const made = [...new Set(ahead.map(aheadColumn))];
  const kept = [...own.map(quoteIdent), ...made, ...carried].map((name) => `, ${name}`).join("");
  const needsAll = mine.length > 0 || view.features.some(readsLabels);
  const numbered = needsAll ? ", __self, __micros" : "";
  const read = needsAll
    ? `__all AS MATERIALIZED (
SELECT row_number() OVER () AS __self, ${dialect.micros("r.__cutoff")} AS __micros, r.* FROM (${rows}) r
), `
    : "";
  const step = (from: string, items: readonly string[]) =>
    items.length === 0 ? from : `(SELECT a.*, ${items.join(", ")} FROM ${from} a)`;
  const from = step(step(needsAll ? "__all" : `(${rows})`, first), second);
  const sql = `WITH ${read}__spine AS MATERIALIZED (
SELECT __entity, __cutoff, ${labels}, __split${numbered}${kept} FROM ${from} r WHERE ${where}
), __view AS (
${compiled.sql}
)
SELECT row_number() OVER (ORDER BY ${order.join(", ")}) - 1 AS __row, * FROM __view ORDER BY __row`;
  return { ...compiled, sql };
}
