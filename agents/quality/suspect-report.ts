import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { CodedColumn, CodedTable } from "./cells/coded.ts";
import type { Dependency } from "./cells/dependencies.ts";
import { fenceOfColumn } from "./cells/far-numbers.ts";
import { AT_HOME } from "./cells/misplaced.ts";
import { type Detector, detectors, type SuspectCell } from "./cells/suspects.ts";

/**
 * Suspected cells of a column for one reason: how many, why in words, and a query that shows where they stand. No value
 * stands in it; `exact` false: it shows them among others that it can't tell apart without naming values.
 */
export type Suspicion = {
  column: string;
  because: Detector;
  cells: number;
  why: string;
  rows: string;
  exact: boolean;
};

type Report = {
  relation: string;
  table: CodedTable;
  cells: readonly SuspectCell[];
  dependencies: readonly Dependency[];
  dialect: Dialect;
};

const numberWords = (x: number) => Number(x.toPrecision(4));

/** The largest number of rows that share a suspected value of the column. */
const rarest = (column: CodedColumn, rows: readonly number[]) =>
  Math.max(1, ...rows.map((row) => column.counts[column.codes[row]!] ?? 1));

function told(
  report: Report,
  column: CodedColumn,
  because: Detector,
  rows: readonly number[],
): Omit<Suspicion, "column" | "because" | "cells"> {
  const [c, from] = [quoteIdent(column.name), quoteIdent(report.relation)];
  const seldom = `${c} IN (SELECT ${c} FROM ${from} GROUP BY ${c} HAVING count(*) <= ${rarest(column, rows)})`;
  switch (because) {
    case "far_number": {
      const fence = fenceOfColumn(column)!;
      const [low, high] = [numberWords(fence.low), numberWords(fence.high)];
      const scale = fence.scale === "log" ? " of their logarithm" : "";
      const where = `${c} < ${fence.low} OR ${c} > ${fence.high}`;
      return {
        why: `outside of ${low} to ${high}, 5 robust deviations${scale} from the median`,
        rows: `SELECT * FROM ${from} WHERE ${where}`,
        exact: true,
      };
    }
    case "dependency": {
      const about = report.dependencies.filter(({ determinant, dependent }) =>
        [...determinant, dependent].includes(column.name),
      );
      const { determinant, dependent, holds } = about.sort(
        (a, b) => Number(b.dependent === column.name) - Number(a.dependent === column.name) || b.strength - a.strength,
      )[0]!;
      const [x, y] = [determinant.map(quoteIdent).join(", "), quoteIdent(dependent)];
      const groups = `SELECT ${x} FROM ${from} WHERE ${y} IS NOT NULL GROUP BY ${x} HAVING count(DISTINCT ${y}) > 1`;
      const why = `${determinant.join(" and ")} tells ${dependent} in ${numberWords(100 * holds)} % of the rows, and here it doesn't`;
      return { why, rows: `SELECT * FROM ${from} WHERE (${x}) IN (${groups}) ORDER BY ${x}, ${y}`, exact: false };
    }
    case "shape":
      return {
        why: "a shape that is rare where a few shapes make up nearly all",
        rows: shapeQuery(report, column, seldom),
        exact: false,
      };
    case "misplaced":
      return { why: "at home in another column, rare here", rows: strangers(report, column, seldom), exact: false };
    case "typo":
      return {
        why: "a slip away from a common value or word of the column",
        rows: `SELECT * FROM ${from} WHERE ${seldom}`,
        exact: false,
      };
  }
}

/** Rows whose value is rare and whose shape few others have. */
function shapeQuery({ relation, dialect }: Report, { name }: CodedColumn, seldom: string): string {
  const [c, from] = [quoteIdent(name), quoteIdent(relation)];
  const shape = dialect.shape(c);
  const common = `SELECT ${shape} FROM ${from} WHERE ${c} IS NOT NULL GROUP BY ${shape} HAVING count(*) >= 0.05 * (SELECT count(${c}) FROM ${from})`;
  return `SELECT * FROM ${from} WHERE ${seldom} AND ${shape} NOT IN (${common})`;
}

/** Rows whose value is rare here and common in another text column. */
function strangers({ relation, table }: Report, { name }: CodedColumn, seldom: string): string {
  const from = quoteIdent(relation);
  const others = table.columns.filter((other) => other.type === "text" && other.name !== name);
  const homes = others.map((other) => {
    const o = quoteIdent(other.name);
    return `SELECT ${o} FROM ${from} GROUP BY ${o} HAVING count(*) >= ${AT_HOME}`;
  });
  return `SELECT * FROM ${from} WHERE ${seldom} AND ${quoteIdent(name)} IN (${homes.join(" UNION ALL ")})`;
}

/** Suspected cells by column and reason, the most first; a cell with several reasons counts in each. */
export function suspicionsOf(report: Report): Suspicion[] {
  const found: Suspicion[] = [];
  for (const [place, column] of report.table.columns.entries())
    for (const because of detectors) {
      const rows = report.cells
        .filter((cell) => cell.column === place && cell.because.includes(because))
        .map(({ row }) => row);
      if (rows.length > 0)
        found.push({ column: column.name, because, cells: rows.length, ...told(report, column, because, rows) });
    }
  return found.sort((a, b) => b.cells - a.cells || (a.column < b.column ? -1 : 1));
}
