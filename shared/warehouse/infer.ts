import type { ColumnType } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import { missingMarks } from "./cells.ts";
import type { Engine } from "./duckdb.ts";
import { quoteList } from "./quote.ts";
import { matches, type Reading, readings, sieve } from "./readings.ts";

/**
 * Rows of text columns in file order. `quoted` gives, for JSON, the SQL that says whether a cell was a quoted text;
 * `text` the SQL of the cell's text.
 */
export type TextSource = {
  names: string[];
  from: string;
  delimiter: string;
  text: (name: string) => string;
  quoted?: (name: string) => string;
};

/** What a text column became: its type, the SQL that gives its value, the share of rows where it isn't missing. */
export type Inferred = { name: string; type: ColumnType; expression: string; present: number };

/** What was found in all columns of a source. */
export type Inference = { columns: Inferred[]; rows: number; notes: string[] };

const SAMPLE_ROWS = 1_000;
/** Columns whose cells are counted in one query: the planner's time grows faster than their number. */
const COLUMNS_A_QUERY = 64;

const trimmed = (text: string) => `trim(${text}, E' \\t\\r\\n')`;
const marks = quoteList(["", ...missingMarks]).slice(1, -1);
const cell = (text: string) => `CASE WHEN ${trimmed(text)} NOT IN (${marks}) THEN ${text} END`;

/** For each column the readings that its first cells leave possible: the engine then tries few on all rows. */
async function possible(engine: Engine, source: TextSource): Promise<Reading[][]> {
  const all = readings(source.delimiter);
  const cells = source.names.map((name, i) => `${trimmed(cell(source.text(name)))} AS v${i}`).join(", ");
  const rows = await engine.query(`SELECT ${cells} FROM (FROM ${source.from} LIMIT ${SAMPLE_ROWS})`);
  return source.names.map((_, i) => {
    const texts = new Set(rows.map((row) => row[`v${i}`]).filter((text) => typeof text === "string"));
    return sieve(all, texts);
  });
}

type Counted = { present: number; fit: Reading[] };

/** Counts each column's cells and those that each of its readings takes: `fit` are the readings that take all. */
async function fitting(engine: Engine, source: TextSource, candidates: readonly Reading[][]) {
  const counted: Counted[] = [];
  let rows = 0;
  for (let start = 0; start < source.names.length; start += COLUMNS_A_QUERY) {
    const some = source.names.slice(start, start + COLUMNS_A_QUERY);
    const inner = some.flatMap((name, i) => [
      `${trimmed(cell(source.text(name)))} AS v${i}`,
      ...(source.quoted ? [`${source.quoted(name)} AS q${i}`] : []),
    ]);
    const outer = some.flatMap((_, i) => [
      `count(v${i}) AS n${i}`,
      ...(source.quoted ? [`count(*) FILTER (q${i} AND v${i} IS NOT NULL) AS q${i}`] : []),
      ...candidates[start + i]!.map((r, k) => `count(*) FILTER (${matches(r, `v${i}`)}) AS m${i}_${k}`),
    ]);
    const [row] = await engine.query(
      `SELECT count(*) AS n, ${outer.join(", ")} FROM (SELECT ${inner.join(", ")} FROM ${source.from})`,
    );
    if (!row) throw fault("internal", "an aggregate gave no row");
    rows = Number(row.n);
    some.forEach((_, i) => {
      const present = Number(row[`n${i}`]);
      const quoted = Number(row[`q${i}`] ?? 0);
      const fit = candidates[start + i]!.filter(
        (r, k) => Number(row[`m${i}_${k}`]) === present && !(r.bare && quoted > 0),
      );
      counted.push({ present, fit: present > 0 ? fit : [] });
    });
  }
  return { counted, rows };
}

/** Of readings that differ only in day and month the one that the file's other columns show, else month first. */
function choose(
  fit: readonly Reading[],
  decided: ReadonlySet<string>,
): { reading: Reading | undefined; open: boolean } {
  const [first] = fit;
  const rival = first?.order && fit.find((r) => r.type === first.type && r.order && r.order !== first.order);
  if (!first || !rival) return { reading: first, open: false };
  const other = decided.size === 1 ? [first, rival].find((r) => decided.has(r.order!)) : undefined;
  return { reading: other ?? first, open: !other };
}

/**
 * Finds the type of each text column from all of its cells (a sample first, to leave out the readings that can't be).
 * Blanks and the usual marks (`?`, `NA`, `NULL`, `nan` …) are missing in every column; surrounding blanks don't count for
 * the type and stay in text. A column without any value is text.
 */
export async function inferColumns(engine: Engine, source: TextSource): Promise<Inference> {
  const { counted, rows } = await fitting(engine, source, await possible(engine, source));
  const fits = counted.map(({ fit }) => fit);
  const decided = new Set(
    fits.filter((fit) => fit[0]?.order && !choose(fit, new Set()).open).map((fit) => fit[0]!.order!),
  );
  const notes: string[] = [];
  const columns = source.names.map((name, i): Inferred => {
    const { reading, open } = choose(fits[i]!, decided);
    const text = cell(source.text(name));
    const present = rows > 0 ? counted[i]!.present / rows : 0;
    if (reading?.note) notes.push(`${name}: ${reading.note}`);
    if (open) notes.push(`${name}: day and month can't be told apart; read ${reading!.order}`);
    if (!reading) return { name, type: "text", expression: text, present };
    return { name, type: reading.type, expression: reading.value(trimmed(text)), present };
  });
  return { columns, rows, notes };
}
