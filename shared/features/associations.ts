import type { FeatureValueType } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { quoteIdent, quoteLiteral } from "../warehouse/quote.ts";
import { positiveOf } from "./label-rule.ts";

/** A column of the matrix to be measured. */
export type Measured = { name: string; type: FeatureValueType };

/**
 * How one feature goes with the target on training rows. `rank`: numbers only: binary: ROC AUC of the value over rows
 * that have it (ties at half); regression: Spearman's correlation. `information`: mutual information with the target (numbers
 * in ten bins of equal frequency, a regression's target in five; missing is a value of its own) over the target's
 * entropy, less its bias (Miller and Madow 1955), 0..1.
 */
export type Association = {
  name: string;
  rows: number;
  missing: number;
  distinct: number;
  rank: number | null;
  information: number;
};

const LEAK_AUC = 0.98;
const LEAK_INFORMATION = 0.95;
const LEAK_CORRELATION = 0.995;
/** A handful of rows can be in order by chance. */
const FEWEST_RANKED = 30;

/** Why a feature alone tells the target, with the number that shows it; null where it doesn't. */
export function leakOf(task: Problem["task"], a: Association): { reason: string; number: number } | null {
  const rank = a.rank === null || a.rows - a.missing < FEWEST_RANKED ? null : a.rank;
  const auc = task === "binary" && rank !== null ? Math.max(rank, 1 - rank) : 0;
  if (auc >= LEAK_AUC) return { reason: "leaking: alone it tells the target (ROC AUC on training rows)", number: auc };
  const correlation = task === "regression" ? Math.abs(rank ?? 0) : 0;
  if (correlation >= LEAK_CORRELATION) {
    return { reason: "leaking: alone it tells the target (rank correlation on training rows)", number: correlation };
  }
  if (a.information < LEAK_INFORMATION) return null;
  return { reason: "leaking: alone it tells the target (share of its information)", number: a.information };
}

const VALUE_BINS = 10;
/** Enough rows to tell 0.02 of AUC from chance at a tenth of positives. */
const MOST_ROWS = 12_000;
const TARGET_BINS = 5;

const aliases = (measured: readonly Measured[], type: FeatureValueType) =>
  measured.flatMap((m, i) => (m.type === type ? [{ alias: `f${i}`, column: `m.${quoteIdent(m.name)} AS f${i}` }] : []));

/** SQL that counts the rows of each feature by value and target; few values make few rows, which the ranks then sort. */
function counted(measured: readonly Measured[], type: FeatureValueType): string {
  const picked = aliases(measured, type);
  const none = type === "number" ? "NULL::DOUBLE" : "NULL::VARCHAR";
  if (picked.length === 0) return `SELECT '' AS f, ${none} AS v, NULL AS y, 0 AS c, 0.0 AS s, 0.0 AS q WHERE false`;
  return `SELECT f, v, y, count(*) AS c, sum(yr) AS s, sum(yr * yr) AS q FROM (
      SELECT __y AS y, __yr AS yr, ${picked.map((p) => p.column).join(", ")} FROM __target JOIN __matrix m USING (__row))
    UNPIVOT INCLUDE NULLS (v FOR f IN (${picked.map((p) => p.alias).join(", ")})) GROUP BY f, v, y`;
}

/**
 * SQL that measures how features go with the target over a matrix relation (`__row`, `__entity`, `__label`, features), on
 * at most `most` rows chosen by the hash of their entity. One row per feature: `i` (its place in `measured`), `rows`,
 * `missing`, `distinct`, `rank`, `information`.
 */
export function compileAssociations(
  measured: readonly Measured[],
  matrix: string,
  problem: Pick<Problem, "task" | "label">,
  most = MOST_ROWS,
): string {
  const regression = problem.task === "regression";
  const positive = positiveOf(problem) ?? "1";
  const y = regression
    ? `CAST(floor((rank() OVER (ORDER BY __label) - 1) * ${TARGET_BINS} / count(*) OVER ()) AS VARCHAR)`
    : "__label";
  const yr = regression
    ? `rank() OVER (ORDER BY __label) + (count(*) OVER (PARTITION BY __label) - 1) / 2.0`
    : `CAST(__label = ${quoteLiteral(positive)} AS DOUBLE)`;
  const rank = {
    // Mann and Whitney: the ranks of the positives, less what they have among themselves, over the pairs.
    binary: "CASE WHEN p > 0 AND p < n THEN (rs - p * (p + 1) / 2) / (p * (n - p)) END",
    regression: `CASE WHEN rr - n * rm * rm > 1e-6 AND yy - p * p / n > 1e-6
      THEN (rs - rm * p) / sqrt((rr - n * rm * rm) * (yy - p * p / n)) END`,
    multiclass: "NULL::DOUBLE",
  }[problem.task];
  return `WITH __matrix AS MATERIALIZED (
  SELECT * FROM ${quoteIdent(matrix)} WHERE __label IS NOT NULL ORDER BY sha256('associations:' || __entity), __row LIMIT ${most}
), __target AS MATERIALIZED (SELECT __row, ${y} AS __y, ${yr} AS __yr FROM __matrix),
__counted AS MATERIALIZED (${counted(measured, "number")}),
__categories AS MATERIALIZED (${counted(measured, "category")}),
__placed AS (SELECT f, v, y, c, s, q, sum(c) OVER (PARTITION BY f, v IS NULL ORDER BY v) AS upto, sum(c) OVER (PARTITION BY f, v) AS nv,
  sum(c) OVER (PARTITION BY f, v IS NULL) AS n FROM __counted),
__cells AS (
  SELECT f, y, CASE WHEN v IS NULL THEN '' ELSE CAST(floor((upto - nv) * ${VALUE_BINS} / n) AS VARCHAR) END AS bin, sum(c) AS c FROM __placed GROUP BY ALL
  UNION ALL SELECT f, y, coalesce('=' || v, '') AS bin, c FROM __categories
), __sums AS (
  SELECT f, count(DISTINCT v) AS d, sum(c) FILTER (WHERE v IS NULL) AS gone, sum(c) FILTER (WHERE v IS NOT NULL) AS n,
    sum(s) FILTER (WHERE v IS NOT NULL) AS p, sum(q) FILTER (WHERE v IS NOT NULL) AS yy, sum((upto - (nv - 1) / 2.0) * s) FILTER (WHERE v IS NOT NULL) AS rs,
    sum((upto - (nv - 1) / 2.0) ** 2 * c) FILTER (WHERE v IS NOT NULL) AS rr, (sum(c) FILTER (WHERE v IS NOT NULL) + 1) / 2.0 AS rm
  FROM __placed GROUP BY f
  UNION ALL SELECT f, count(DISTINCT v), sum(c) FILTER (WHERE v IS NULL), NULL, NULL, NULL, NULL, NULL, NULL FROM __categories GROUP BY f
), __sides AS (SELECT f, bin, y, c, sum(c) OVER (PARTITION BY f, bin) AS b, sum(c) OVER (PARTITION BY f, y) AS t, sum(c) OVER (PARTITION BY f) AS all_rows FROM __cells),
__information AS (SELECT f, sum(c / all_rows * ln(c * all_rows / (b * t))) AS raw, any_value(all_rows) AS all_rows,
  (count(DISTINCT bin) - 1) * (count(DISTINCT y) - 1) / (2.0 * any_value(all_rows)) AS bias FROM __sides GROUP BY f),
__entropy AS (SELECT -sum(p * ln(p)) AS h FROM (SELECT count(*) / sum(count(*)) OVER () AS p FROM __target GROUP BY __y))
SELECT CAST(substr(f, 2) AS INTEGER) AS i, CAST(all_rows AS DOUBLE) AS rows, CAST(coalesce(gone, 0) AS DOUBLE) AS missing,
  CAST(d AS DOUBLE) AS distinct, ${rank} AS rank,
  CASE WHEN h > 0 THEN greatest(0, least(1, (raw - bias) / h)) ELSE 0 END AS information
FROM __sums JOIN __information USING (f), __entropy ORDER BY i`;
}

/** A figure without the last digits, which depend on the order in which threads add up; choices must not. */
const settled = (value: unknown): number => Math.round(Number(value) * 1e9) / 1e9;

/** The associations from the rows that `compileAssociations` gives, in the order of `measured`. */
export const readAssociations = (measured: readonly Measured[], rows: Record<string, unknown>[]): Association[] =>
  rows.map((row) => ({
    name: measured[Number(row.i)]!.name,
    rows: Number(row.rows),
    missing: Number(row.missing),
    distinct: Number(row.distinct),
    rank: row.rank === null ? null : settled(row.rank),
    information: settled(row.information),
  }));

/** Two numeric features and Pearson's correlation over the rows that have both. */
export type Correlation = { left: string; right: string; r: number };

/** The name by which a correlation with the cutoff itself is asked for. */
export const CUTOFF = "__cutoff";

/**
 * SQL for the correlation of each pair of numeric features (or `CUTOFF`) over a matrix relation, on at most `most` rows; one result
 * row with the columns `r0`, `r1` … in the order of `pairs`.
 */
export function compileCorrelations(
  pairs: readonly (readonly [string, string])[],
  matrix: string,
  most = MOST_ROWS,
): string {
  const numeric = (name: string) => (name === CUTOFF ? "CAST(epoch_us(__cutoff) AS DOUBLE)" : quoteIdent(name));
  const picked = pairs.map(([a, b], i) => `corr(${numeric(a)}, ${numeric(b)}) AS r${i}`);
  return `SELECT ${picked.join(", ")} FROM (SELECT * FROM ${quoteIdent(matrix)} WHERE __label IS NOT NULL
    ORDER BY sha256('associations:' || __entity), __row LIMIT ${most})`;
}

/** The correlations from the row that `compileCorrelations` gives; constant features have none. */
export const readCorrelations = (
  pairs: readonly (readonly [string, string])[],
  row: Record<string, unknown>,
): Correlation[] =>
  pairs.flatMap(([left, right], i) => (row[`r${i}`] === null ? [] : [{ left, right, r: settled(row[`r${i}`]) }]));
