import type { Column, DatasetPin } from "@muster/shared/domain/dataset.ts";
import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import { type Engine, quoteIdent } from "@muster/shared/warehouse/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { type Limits, openPins } from "@muster/shared/warehouse/write-query.ts";

/**
 * What tells a person's rows in one table: values (plain, as `plainValue` writes them) by the column that holds them, and
 * the value that texts may mention (null: none that is unmistakable inside a text).
 */
export type Marks = { columns: ReadonlyMap<string, ReadonlySet<string>>; mention: string | null };

/** A table with a person's rows marked: tests in SQL over the view `it`, which hold no value themselves. */
export type MarkedRows = {
  engine: Engine;
  /** By column that can mark a row: whether its value is one of the person's. */
  tests: ReadonlyMap<string, string>;
  /** By column of text: whether it mentions the person without being their value. */
  mentions: ReadonlyMap<string, string>;
  /** Whether the row is the person's. */
  any: string;
};

/** Values beyond this many name no single person. */
export const mostValues = 20_000;
const batch = 500;

/** A column's values as they are compared: text, lower case, no blanks around, whole numbers without a fraction. */
export function plainSql({ name, type }: Column, dialect: Dialect): string {
  const text = dialect.text(quoteIdent(name), type);
  return type === "number" ? text : dialect.lower(`trim(${text})`);
}

/** The table that tests read: the person's values by the place of their column. No dataset can be called so. */
export const wantedTable = quoteIdent("__wanted");

/** Tests in SQL of the columns that can mark a row, each with its values and their place in `wantedTable`. */
export function testsOf(
  columns: readonly Column[],
  wanted: Marks["columns"],
  dialect: Dialect,
): { column: string; test: string; place: number; values: string[] }[] {
  return columns.flatMap((column, place) => {
    const values = [...(wanted.get(column.name) ?? [])];
    if (values.length === 0) return [];
    // One value, as almost always, is compared; a membership test for each of many columns would be a join for each.
    const is = values.length === 1 ? "=" : "IN";
    const held = `(SELECT value FROM ${wantedTable} WHERE place = ${place})`;
    const test = `coalesce(${plainSql(column, dialect)} ${is} ${held}, false)`;
    return [{ column: column.name, test, place, values }];
  });
}

/** A pattern that finds the value in a text where nothing goes on before or after it ("ann@x.com", not "joann@x.com.au"). */
export const mentionPattern = (value: string): string =>
  `(^|[^\\p{L}\\p{N}._%+@-])${value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}($|[^\\p{L}\\p{N}_@.-]|[.-]($|[^\\p{L}\\p{N}]))`;

/**
 * Opens one dataset version with the person's rows marked. The values go in as parameters of a private table: no SQL text,
 * and so no error and no log, ever holds one. Close the engine.
 */
export async function openMarked(
  lake: Lake,
  pin: DatasetPin,
  { columns: wanted, mention }: Marks,
  limits: Limits,
  more: readonly string[] = [],
): Promise<MarkedRows> {
  const { columns } = await lake.manifest(pin);
  const engine = await openPins(lake, { it: pin }, limits, more);
  try {
    await engine.run(`CREATE TABLE ${wantedTable} (place INTEGER, value VARCHAR)`);
    const tests = new Map<string, string>();
    const mentions = new Map<string, string>();
    for (const { column, test, place, values } of testsOf(columns, wanted, engine.dialect)) {
      for (let from = 0; from < values.length; from += batch) {
        const part = values.slice(from, from + batch);
        const rows = part.map(() => `(${place}, ?)`).join(", ");
        await engine.query(`INSERT INTO ${wantedTable} VALUES ${rows}`, part);
      }
      tests.set(column, test);
    }
    if (mention !== null) {
      await engine.query(`INSERT INTO ${wantedTable} VALUES (-1, ?), (-2, ?)`, [mention, mentionPattern(mention)]);
      for (const column of columns.filter(({ type }) => type === "text")) {
        const text = `lower(${quoteIdent(column.name)})`;
        const held = `position((SELECT value FROM ${wantedTable} WHERE place = -1) IN ${text}) > 0`;
        const whole = `regexp_matches(${text}, (SELECT value FROM ${wantedTable} WHERE place = -2))`;
        const own = tests.get(column.name);
        // The pattern isn't constant to the engine, which compiles it anew for every row it is asked about.
        const told = `CASE WHEN ${held} THEN ${whole} ELSE false END`;
        mentions.set(column.name, `coalesce(${told}${own ? ` AND NOT ${own}` : ""}, false)`);
      }
    }
    const any = tests.size > 0 ? [...tests.values()].join(" OR ") : "false";
    return { engine, tests, mentions, any: `(${any})` };
  } catch (error) {
    engine.close();
    throw error;
  }
}
