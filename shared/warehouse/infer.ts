import type { ColumnType } from "../domain/dataset.ts";
import { fault } from "../fault.ts";
import { missingPattern } from "./cells.ts";
import type { Engine } from "./duckdb.ts";
import { quoteLiteral } from "./quote.ts";
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
// One regular expression, never IN: the planner makes a long list a join, which loses the order of the rows (and takes
// minutes for 2,000 columns).
const cell = (text: string) =>
  `CASE WHEN NOT regexp_full_match(${text}, ${quoteLiteral(missingPattern)}) THEN ${text} END`;
const isMissing = new RegExp(`^${missingPattern}$`);

/** What may become of a column: the readings left, and whether its cells must be trimmed for them. */
type Trial = { readings: Reading[]; trim: boolean };

/** For each column the readings that its first cells leave possible: the engine then tries few on all rows. */
async function possible(engine: Engine, source: TextSource): Promise<Trial[]> {
  const all = readings(source.delimiter);
  const cells = source.names.map((name, i) => `${source.text(name)} AS v${i}`).join(", ");
  const rows = await engine.query(`SELECT ${cells} FROM (FROM ${source.from} LIMIT ${SAMPLE_ROWS})`);
  return source.names.map((_, i) => {
    const texts = new Set<string>();
    for (const row of rows) {
      const text = row[`v${i}`];
      if (typeof text === "string" && !isMissing.test(text)) texts.add(text);
    }
    const bare = new Set([...texts].map((text) => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "")));
    return { readings: sieve(all, bare), trim: [...bare].some((text) => !texts.has(text)) };
  });
}

/** The first reading, with the one that differs from it only in the order of day and month. */
const leading = ([first, ...rest]: readonly Reading[]): Reading[] =>
  first ? [first, ...rest.filter((r) => first.order && r.order && r.type === first.type)] : [];

type Counted = { present: number; fit: Reading[]; trim: boolean };

/** Counts the cells of some columns and those that each reading takes: `fit` are the readings that take all. */
async function fitting(engine: Engine, source: TextSource, trials: ReadonlyMap<string, Trial>) {
  const counted = new Map<string, Counted>();
  const names = [...trials.keys()];
  let rows = 0;
  for (let start = 0; start < names.length; start += COLUMNS_A_QUERY) {
    const some = names.slice(start, start + COLUMNS_A_QUERY).map((name) => ({ name, ...trials.get(name)! }));
    const inner = some.flatMap(({ name, trim }, i) => [
      `${trim ? trimmed(cell(source.text(name))) : cell(source.text(name))} AS v${i}`,
      ...(source.quoted ? [`${source.quoted(name)} AS q${i}`] : []),
    ]);
    const outer = some.flatMap((trial, i) => [
      `count(v${i}) AS n${i}`,
      ...(source.quoted ? [`count(*) FILTER (q${i} AND v${i} IS NOT NULL) AS q${i}`] : []),
      ...trial.readings.map((r, k) => `count(*) FILTER (${matches(r, `v${i}`)}) AS m${i}_${k}`),
    ]);
    const [row] = await engine.query(
      `SELECT count(*) AS n, ${outer.join(", ")} FROM (SELECT ${inner.join(", ")} FROM ${source.from})`,
    );
    if (!row) throw fault("internal", "an aggregate gave no row");
    rows = Number(row.n);
    some.forEach(({ name, readings: tried, trim }, i) => {
      const present = Number(row[`n${i}`]);
      const quoted = Number(row[`q${i}`] ?? 0);
      const takesAll = (r: Reading, k: number) => Number(row[`m${i}_${k}`]) === present && !(r.bare && quoted > 0);
      counted.set(name, { present, fit: present > 0 ? tried.filter(takesAll) : [], trim });
    });
  }
  return { counted, rows };
}

/** First the likeliest reading of each column on all rows, then, where that fails, every other one. */
async function settle(engine: Engine, source: TextSource) {
  const trials = await possible(engine, source);
  const likely = trials.map((t): Trial => ({ readings: leading(t.readings), trim: t.trim }));
  const first = await fitting(engine, source, new Map(source.names.map((name, i) => [name, likely[i]!])));
  const failed = source.names
    .map((name, i): [string, Trial] => [name, { readings: trials[i]!.readings, trim: true }])
    .filter(([name, { readings: left }]) => {
      const { present, fit } = first.counted.get(name)!;
      return present > 0 && fit.length === 0 && left.length > 0;
    });
  const second = await fitting(engine, source, new Map(failed));
  return {
    rows: first.rows,
    counted: source.names.map((name) => second.counted.get(name) ?? first.counted.get(name)!),
  };
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
  const { counted, rows } = await settle(engine, source);
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
    const v = reading.strict ? source.text(name) : text;
    return { name, type: reading.type, expression: reading.value(counted[i]!.trim ? trimmed(v) : v), present };
  });
  return { columns, rows, notes };
}
