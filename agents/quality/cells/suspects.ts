import type { CodedTable } from "./coded.ts";
import { type Dependency, findDependencies } from "./dependencies.ts";
import { farCodes } from "./far-numbers.ts";
import { misplacedCodes } from "./misplaced.ts";
import { shapeCodes } from "./shapes.ts";
import { typoCodes } from "./typos.ts";
import { brokenDependencies } from "./violations.ts";

/** Why a cell is suspected. */
export const detectors = ["dependency", "typo", "shape", "far_number", "misplaced"] as const;
export type Detector = (typeof detectors)[number];

/** A suspected cell: row and column by their place in the table. */
export type SuspectCell = { row: number; column: number; because: Detector[] };

/** The table without the values of suspected cells: what is wrong by itself says nothing about rules. */
function without(table: CodedTable, suspected: readonly (ReadonlySet<number> | undefined)[]): CodedTable {
  const columns = table.columns.map((column, place) => {
    const out = suspected[place];
    if (out === undefined || out.size === 0) return column;
    const codes = column.codes.map((code) => (out.has(code) ? -1 : code));
    return { ...column, codes, counts: column.counts.map((n, code) => (out.has(code) ? 0 : n)) };
  });
  return { rows: table.rows, columns };
}

/**
 * The cells of a table that are probably wrong, without any configuration: slips of a common word, of a rare shape, far
 * from all other numbers, at home in another column, or against a dependency between the cells that are left. A cell is
 * named once with all that speaks against it.
 */
export function findSuspects(table: CodedTable): { cells: SuspectCell[]; dependencies: Dependency[] } {
  const found = new Map<number, SuspectCell>();
  const suspect = (row: number, column: number, because: Detector) => {
    const key = row * table.columns.length + column;
    const cell = found.get(key);
    if (cell === undefined) found.set(key, { row, column, because: [because] });
    else if (!cell.because.includes(because)) cell.because.push(because);
  };
  const misplaced = misplacedCodes(table);
  const byThemselves = table.columns.map((column, place) => {
    const spoken: [Detector, ReadonlySet<number>][] = [
      ["typo", typoCodes(column)],
      ["shape", shapeCodes(column)],
      ["far_number", farCodes(column)],
      ["misplaced", misplaced.get(place) ?? new Set()],
    ];
    for (const [because, codes] of spoken)
      if (codes.size > 0)
        column.codes.forEach((code, row) => {
          if (codes.has(code)) suspect(row, place, because);
        });
    return new Set(spoken.flatMap(([, codes]) => [...codes]));
  });
  const left = without(table, byThemselves);
  const dependencies = findDependencies(left);
  for (const { row, column } of brokenDependencies(left, dependencies)) suspect(row, column, "dependency");
  return { cells: [...found.values()], dependencies };
}
