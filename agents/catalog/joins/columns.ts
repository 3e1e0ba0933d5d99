import type { Column, DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { measures, namesHome, namesKey } from "./names.ts";

/** What a join is looked for by: whole numbers are of one family, whatever type holds them. */
export type Family = "integer" | "text";

/**
 * A column that may be a side of a join. `there`: values; `distinct` ones; `range` of whole numbers; `key`: the table's own
 * key; `longest` text, characters.
 */
export type KeyColumn = {
  table: string;
  column: Column;
  family: Family;
  rows: number;
  there: number;
  distinct: number;
  unique: boolean;
  range: { min: number; max: number } | null;
  longest: number | null;
  key: boolean;
};

/** Texts longer than this are no keys. */
const longestKey = 128;

/** The columns of a table that may be a side of a join: whole numbers and short texts. One scan. */
export async function keyColumns(reader: Reader, { name, rows, columns }: DatasetManifest): Promise<KeyColumn[]> {
  const looked = columns.filter(({ type }) => type === "integer" || type === "number" || type === "text");
  if (looked.length === 0 || rows === 0) return [];
  const select = looked.map((column, i) => {
    const c = quoteIdent(column.name);
    const counts = `count(${c}) AS n${i}, count(DISTINCT ${c}) AS d${i}`;
    if (column.type === "text") return `${counts}, max(${reader.dialect.length(c)}) AS l${i}`;
    const whole = `count(*) FILTER (WHERE ${c} = floor(${c})) AS w${i}`;
    return `${counts}, ${whole}, CAST(min(${c}) AS DOUBLE PRECISION) AS a${i}, CAST(max(${c}) AS DOUBLE PRECISION) AS b${i}`;
  });
  const [row] = await reader.query(`SELECT ${select.join(", ")} FROM ${quoteIdent(name)}`);
  const number = (key: string) => Number(row![key]);
  const found = looked.flatMap((column, i): KeyColumn[] => {
    const [there, distinct] = [number(`n${i}`), number(`d${i}`)];
    const text = column.type === "text";
    if (there === 0 || (text ? number(`l${i}`) > longestKey : number(`w${i}`) < there)) return [];
    return [
      {
        ...{ table: name, column, rows, there, distinct, unique: there === distinct, key: false },
        family: text ? "text" : "integer",
        range: text ? null : { min: number(`a${i}`), max: number(`b${i}`) },
        longest: text ? number(`l${i}`) : null,
      },
    ];
  });
  const own = ownKey(found);
  return found.map((one) => ({ ...one, key: one === own }));
}

/** The column that names a table's rows: unique, in every row, and by its name and place the likeliest. */
function ownKey(columns: readonly KeyColumn[]): KeyColumn | null {
  const worth = ({ table, column, longest }: KeyColumn, i: number) =>
    (namesHome(table, column.name) ? 3 : 0) +
    (namesKey(column.name) ? 2 : 0) +
    (i === 0 ? 1.5 : 0) -
    (measures(column.name) ? 3 : 0) -
    ((longest ?? 0) > 40 ? 2 : 0);
  const fit = columns
    .map((one, i) => ({ one, worth: worth(one, i) }))
    .filter(({ one, worth }) => one.unique && one.there === one.rows && one.distinct > 1 && worth > 0);
  return fit.sort((a, b) => b.worth - a.worth)[0]?.one ?? null;
}
