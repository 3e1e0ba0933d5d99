import type { Column } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { countSql, type Ground, keysSql, leadingRows, namesItsRowSql } from "./ground.ts";
import { type Marks, mentionPattern, testsOf, wantedTable } from "./marked-rows.ts";

/** A warehouse's protocol numbers parameters with 16 bits. */
const mostParams = 60_000;
/** Texts that hold a value are read into this process, since engines don't agree on what a letter is. */
const mostTexts = 20_000;

/**
 * A table of a warehouse, as a reader of it holds it now, as the ground of a search. Nothing is written there, not even for
 * the while: the person's values go in as parameters, so that no statement, and so no log of the server, holds one.
 */
export function warehouseGround(reader: Reader, name: string, columns: readonly Column[]): Ground {
  const from = quoteIdent(name);
  const { dialect } = reader;
  return {
    columns,
    async told(marks) {
      const tests = testsOf(columns, marks.columns, dialect);
      const told = { rows: 0, tests: new Map<string, number>(), ...(await mentionsIn(reader, from, columns, marks)) };
      if (tests.length === 0) return told;
      const each = tests.map(({ test }, i) => countSql(test, `n${i}`));
      const { before, params, any } = wantedSql(tests);
      const [row] = await reader.query<Record<string, number>>(
        `${before} SELECT ${[...each, countSql(any, "rows")].join(", ")} FROM ${from}`,
        params,
      );
      return { ...told, rows: row!.rows!, tests: new Map(tests.map(({ column }, i) => [column, row![`n${i}`]!])) };
    },
    async keys(column, marks, written) {
      const tests = testsOf(columns, marks.columns, dialect);
      if (tests.length === 0) return [];
      const [names] = await reader.query<{ own: boolean }>(namesItsRowSql(column, from));
      const { before, params, any } = wantedSql(tests);
      const own = tests.find((one) => one.column === column.name)?.test;
      const rows = leadingRows(names!.own, written, any, own);
      if (!rows) return [];
      const found = await reader.query<{ key: string }>(`${before} ${keysSql(column, dialect, from, rows)}`, params);
      return found.map(({ key }) => key);
    },
  };
}

type Tests = ReturnType<typeof testsOf>;

/** The person's values as a table that stands before a query. */
function wantedSql(tests: Tests): { before: string; params: string[]; any: string } {
  const params = tests.flatMap(({ values }) => values);
  if (params.length > mostParams)
    throw fault("unfit", `the person would be told by more than ${mostParams} values; name them by a key`);
  const rows = tests.flatMap(({ place, values }) => values.map(() => `(${place}, CAST(? AS VARCHAR))`));
  return {
    before: `WITH ${wantedTable} AS (SELECT * FROM (VALUES ${rows.join(", ")}) AS given(place, value))`,
    params,
    any: `(${tests.map(({ test }) => test).join(" OR ")})`,
  };
}

/** Texts that mention the person without being their value: those that hold it are found there, and looked at here. */
async function mentionsIn(
  reader: Reader,
  from: string,
  columns: readonly Column[],
  { columns: wanted, mention }: Marks,
): Promise<{ texts: number; mentions: Map<string, number> }> {
  const texts = columns.filter(({ type }) => type === "text");
  const mentions = new Map<string, number>();
  if (mention === null || texts.length === 0) return { texts: 0, mentions };
  const { dialect } = reader;
  const before = `WITH ${wantedTable} AS (SELECT CAST(? AS VARCHAR) AS value)`;
  const held = texts.map(
    ({ name }) => `position((SELECT value FROM ${wantedTable}) IN ${dialect.lower(quoteIdent(name))}) > 0`,
  );
  const cells = texts.map(
    ({ name }, i) => `CASE WHEN ${held[i]} THEN ${quoteIdent(name)} END AS ${quoteIdent(`t${i}`)}`,
  );
  const found = await reader.query<Record<string, string | null>>(
    `${before} SELECT ${cells.join(", ")} FROM ${from} WHERE ${held.join(" OR ")} LIMIT ${mostTexts + 1}`,
    [mention],
  );
  if (found.length > mostTexts)
    throw fault(
      "unfit",
      `more than ${mostTexts} rows hold the value in their texts; look there with the warehouse's own means`,
    );
  const pattern = new RegExp(mentionPattern(mention), "u");
  const told = (name: string, text: string | null) =>
    text !== null &&
    !wanted.get(name)?.has(text.replace(/^ +| +$/g, "").toLowerCase()) &&
    pattern.test(text.toLowerCase());
  let rows = 0;
  for (const row of found) {
    const names = texts.filter(({ name }, i) => told(name, row[`t${i}`] ?? null)).map(({ name }) => name);
    for (const name of names) mentions.set(name, (mentions.get(name) ?? 0) + 1);
    if (names.length > 0) rows++;
  }
  return { texts: rows, mentions };
}
