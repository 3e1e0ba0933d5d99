import type { Column } from "@muster/shared/domain/dataset.ts";
import { quoteIdent } from "@muster/shared/warehouse/duckdb.ts";
import { z } from "zod";

/** Kinds of work on datasets whose cost is known. */
export const QueryKind = z.enum(["scan", "profile", "join", "materialize"]);
export type QueryKind = z.infer<typeof QueryKind>;

/** A side of a query: a dataset's name in the engine, its rows and the columns that are read. */
export type Side = { name: string; rows: number; columns: readonly Column[] };

/** A query by its sides; `on`: pairs of columns that a join compares. */
export type Query = { kind: QueryKind; left: Side; right: Side | null; on: readonly [string, string][] };

const isText = ({ type }: Column): boolean => type === "text";

/** What a query's cost is a sum of: once; cells of numbers; cells of text; rows that a join looks up. */
export function queryTerms({ left, right }: Query): number[] {
  const cells = (text: boolean) =>
    [left, ...(right ? [right] : [])].reduce(
      (sum, { rows, columns }) => sum + rows * columns.filter((column) => isText(column) === text).length,
      0,
    );
  return [1, cells(false), cells(true), right ? left.rows + right.rows : 0];
}

const of = (alias: string, { name }: Column): string => `${alias}.${quoteIdent(name)}`;

const scanned = (alias: string, column: Column): string[] =>
  isText(column)
    ? [`count(${of(alias, column)})`, `max(length(${of(alias, column)}))`]
    : [`count(${of(alias, column)})`, `min(${of(alias, column)})`, `max(${of(alias, column)})`];

const profiled = (alias: string, column: Column): string[] => {
  const shared = [...scanned(alias, column), `count(DISTINCT ${of(alias, column)})`];
  if (column.type !== "integer" && column.type !== "number") return shared;
  const number = `CAST(${of(alias, column)} AS DOUBLE PRECISION)`;
  const quantile = `percentile_cont(0.5) WITHIN GROUP (ORDER BY ${number})`;
  return [...shared, `avg(${number})`, `stddev_samp(${number})`, quantile];
};

function joined({ left, right, on }: Query): string {
  const pairs = on.map(([own, other]) => `l.${quoteIdent(own)} = r.${quoteIdent(other)}`).join(" AND ");
  return `${quoteIdent(left.name)} l LEFT JOIN ${quoteIdent(right!.name)} r ON ${pairs}`;
}

/** The SELECT that a query stands for, in SQL that DuckDB and PostgreSQL both understand. */
export function querySql(query: Query): string {
  const { kind, left, right } = query;
  const table = right ? joined(query) : `${quoteIdent(left.name)} l`;
  const all: [string, Column][] = [
    ...left.columns.map((column): [string, Column] => ["l", column]),
    ...(right?.columns ?? []).map((column): [string, Column] => ["r", column]),
  ];
  if (kind === "materialize")
    return `SELECT ${all.map(([alias, column], i) => `${of(alias, column)} AS c${i}`).join(", ")} FROM ${table}`;
  const measures = all.flatMap(([alias, column]) => (kind === "profile" ? profiled : scanned)(alias, column));
  return `SELECT ${measures.map((measure, i) => `${measure} AS m${i}`).join(", ")} FROM ${table}`;
}
