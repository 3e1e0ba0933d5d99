import type { Column, DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { quoteIdent } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { type Limits, openPins } from "@muster/shared/warehouse/write-query.ts";
import { wordsOf } from "../pii/names.ts";
import type { Link } from "./links.ts";

/** Words of names that are keys: alone they say nothing of whose. */
const keyWords = new Set("id key code no number num nr uuid guid ref".split(" "));
/** Below this share of rows that find theirs a name in common is an accident. */
const leastInclusion = 0.8;

const family = ({ type }: Column): string => (type === "number" ? "integer" : type);
const joinable = (column: Column): boolean => family(column) === "integer" || column.type === "text";
const singular = (word: string): string => word.replace(/ies$/, "y").replace(/s$/, "");
const stem = (dataset: string): string => wordsOf(dataset).map(singular).join(" ");

/** Whether a column's name says that it points at a column of another table: the same name, or the table's name and a key word. */
export function pointsAt(child: string, parent: { dataset: string; column: string }): boolean {
  const [c, p] = [wordsOf(child), wordsOf(parent.column)];
  const bare = p.length === 1 && keyWords.has(p[0]!);
  if (!bare && c.join(" ") === p.join(" ")) return true;
  const own = p.slice(0, -1).map(singular).join(" ");
  if (!keyWords.has(p.at(-1) ?? "") || !(bare || own === stem(parent.dataset))) return false;
  const of = c.map(singular).join(" ");
  return (
    of === stem(parent.dataset) ||
    (keyWords.has(c.at(-1) ?? "") && c.slice(0, -1).map(singular).join(" ") === stem(parent.dataset))
  );
}

/** Whether a table bears the name of a column's thing: `employee_id` is at home in `employees`. */
const atHome = (column: string, dataset: string): boolean => {
  const words = wordsOf(column).map(singular);
  return (keyWords.has(words.at(-1) ?? "") ? words.slice(0, -1) : words).join(" ") === stem(dataset);
};

/**
 * Links from a table to those that point at it, which nobody had to define beforehand: names say what to try, the newest
 * rows decide (the column names its row; at least 80 % of the other's rows find theirs). An erasure can't wait for
 * somebody to have asked for a model over these tables.
 */
export async function likelyJoins(
  lake: Lake,
  parent: DatasetManifest,
  others: readonly DatasetManifest[],
  limits: Limits,
): Promise<Link[]> {
  const pairs = parent.columns.filter(joinable).flatMap((column) =>
    others
      .filter(({ name }) => name !== parent.name)
      .flatMap((other) =>
        other.columns
          .filter((child) => joinable(child) && family(child) === family(column))
          // A few rows may name as many employees: that makes nobody's orders the home of employees.
          .filter((child) => !atHome(child.name, other.name) || atHome(column.name, parent.name))
          .filter((child) => pointsAt(child.name, { dataset: parent.name, column: column.name }))
          .map((child) => ({ column, other, child })),
      ),
  );
  const links: Link[] = [];
  const pinOfOne = ({ name, version }: DatasetManifest) => `${name}@${version}`;
  for (const other of new Set(pairs.map((pair) => pair.other))) {
    const engine = await openPins(lake, { parent: pinOfOne(parent), child: pinOfOne(other) }, limits);
    try {
      for (const { column, child } of pairs.filter((pair) => pair.other === other)) {
        const [p, c] = [quoteIdent(column.name), quoteIdent(child.name)];
        const [found] = await engine.query<{ there: number; distinct: number; rows: number; met: number }>(
          `SELECT (SELECT CAST(count(${p}) AS DOUBLE PRECISION) FROM parent) AS there,
                  (SELECT CAST(count(DISTINCT ${p}) AS DOUBLE PRECISION) FROM parent) AS "distinct",
                  (SELECT CAST(count(${c}) AS DOUBLE PRECISION) FROM child) AS "rows",
                  (SELECT CAST(count(*) AS DOUBLE PRECISION) FROM child WHERE ${c} IN (SELECT ${p} FROM parent)) AS met`,
        );
        const { there, distinct, rows, met } = found!;
        if (there > 0 && there === distinct && rows > 0 && met >= leastInclusion * rows)
          links.push({
            from: { dataset: parent.name, column: column.name },
            to: { dataset: other.name, column: child.name },
            written: false,
          });
      }
    } finally {
      engine.close();
    }
  }
  return links;
}
