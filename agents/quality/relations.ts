import type { DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { type Dependency, findDependencies } from "./cells/dependencies.ts";
import { readCoded } from "./cells/read-coded.ts";
import { checkExpectations } from "./check.ts";
import { isTemporal } from "./rules/measure.ts";

/** A dependency between columns with the rows that could break it and the share that holds, over the whole table. */
export type HeldDependency = Pick<Dependency, "determinant" | "dependent" | "groups"> & { rows: number; holds: number };

/** Two times of which one hardly ever lies before the other: rows that have both, and the share in order. */
export type HeldOrder = { later: string; earlier: string; rows: number; holds: number };

/** What relates the columns of a table to each other. */
export type Relations = { dependencies: HeldDependency[]; orders: HeldOrder[] };

/** Dependencies are looked for in so many cells, and those found are counted over all rows. */
const CELLS = 200_000;
const STRONG = 0.9;
const HELD = 0.95;
/** For each dependent, so many of the strongest: others mostly follow from them. */
const A_COLUMN = 2;
const MOST_DEPENDENCIES = 30;
const MOST_TIMES = 8;
const FEWEST_ROWS = 50;

async function dependenciesOf(reader: Reader, manifest: DatasetManifest): Promise<HeldDependency[]> {
  const found = findDependencies(await readCoded(reader, manifest.name, manifest.columns, CELLS))
    .filter(({ strength, holds }) => strength >= STRONG && holds >= HELD)
    .sort((a, b) => a.determinant.length - b.determinant.length || b.strength - a.strength);
  const taken = new Map<string, number>();
  const chosen = found
    .filter(({ dependent }) => {
      taken.set(dependent, (taken.get(dependent) ?? 0) + 1);
      return taken.get(dependent)! <= A_COLUMN;
    })
    .slice(0, MOST_DEPENDENCIES);
  const { results } = await checkExpectations(
    reader,
    manifest,
    chosen.map(({ determinant, dependent }) => ({
      type: "expect_column_to_be_determined_by" as const,
      kwargs: { column: dependent, determinant, mostly: HELD },
      ...{ severity: "warn" as const, because: "counted over all rows" },
    })),
  );
  return results.flatMap(({ success, observed: { evaluated, unexpected } }, i) => {
    const { determinant, dependent, groups } = chosen[i]!;
    if (!success || evaluated < FEWEST_ROWS) return [];
    return [{ determinant, dependent, groups, rows: evaluated, holds: 1 - unexpected / evaluated }];
  });
}

async function ordersOf(reader: Reader, { name, columns }: DatasetManifest): Promise<HeldOrder[]> {
  const times = columns.filter(isTemporal).slice(0, MOST_TIMES);
  const pairs = times.flatMap((a, i) => times.slice(i + 1).map((b) => [a.name, b.name] as const));
  if (pairs.length === 0) return [];
  const counts = pairs.flatMap(([a, b], i) => {
    const [x, y] = [quoteIdent(a), quoteIdent(b)];
    return [
      `count(*) FILTER (WHERE ${x} IS NOT NULL AND ${y} IS NOT NULL) AS n${i}`,
      `count(*) FILTER (WHERE ${x} < ${y}) AS before${i}`,
      `count(*) FILTER (WHERE ${x} > ${y}) AS after${i}`,
    ];
  });
  const [row] = await reader.query(`SELECT ${counts.join(", ")} FROM ${quoteIdent(name)}`);
  return pairs.flatMap(([a, b], i) => {
    const [rows, before, after] = ["n", "before", "after"].map((what) => Number(row![`${what}${i}`])) as [
      number,
      number,
      number,
    ];
    if (rows < FEWEST_ROWS || before + after === 0) return [];
    if (after / rows <= 1 - HELD) return [{ later: b, earlier: a, rows, holds: 1 - after / rows }];
    return before / rows <= 1 - HELD ? [{ later: a, earlier: b, rows, holds: 1 - before / rows }] : [];
  });
}

/**
 * Finds what relates the columns of a dataset version to each other: columns that others determine, and times that follow
 * each other. Looked for in a sample, counted over all rows. For expectations of the dataset; features are never chosen by it.
 */
export async function findRelations(reader: Reader, manifest: DatasetManifest): Promise<Relations> {
  return { dependencies: await dependenciesOf(reader, manifest), orders: await ordersOf(reader, manifest) };
}
