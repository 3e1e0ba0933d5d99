import type { Column } from "../../domain/dataset.ts";
import type { Dialect } from "../../warehouse/dialect.ts";
import { quoteIdent, quoteLiteral } from "../../warehouse/quote.ts";
import type { Reader } from "../../warehouse/reader.ts";
import { qualified, type Relation, TEMPORAL } from "../schema.ts";

/** What the rows are asked through. */
export type Asked = Pick<Reader, "query" | "dialect">;

/**
 * How a column is written after its row was known. `by`: the date with which it is filled in (its own name for the date
 * itself); `after`: the share of that date's rows where it lies after the row was known; `since`: the column that says
 * when rows are known. `as`: `date` and `filled` are missing up to that date and can be read as of a cutoff; `told` is
 * rewritten when the date comes, `moving` again and again: their earlier values are lost.
 */
export type FilledLater = { by: string; after: number; since: string; as: "date" | "filled" | "told" | "moving" };

/** A table and the column by which its rows are known; `skip`: columns whose timing is judged elsewhere. */
export type Dated = {
  table: Relation;
  known: string;
  time: string | null;
  skip: readonly string[];
  now: string | null;
};

/** Fewer dates after the arrival than this share may be mistakes of clocks. */
const AFTER_SHARE = 0.001;
/** A date of which a larger share lies after the newest event is planned: it is known before it comes. */
const PLANNED_SHARE = 0.005;
/** So many rows must speak for it before anything is judged. */
const ENOUGH = 10;
/** Rows younger than the usual wait for a date: at most half have it unless it is written over and over. */
const MOVING_SHARE = 0.75;
const ENOUGH_RECENT = 50;
/** Days by which a date lies later for each day that its row is younger: 1 where each row has its own, 0 where all lie at the load. */
const MOVING_SLOPE = 0.25;
/** Whether the date is there is told where the values leave at most this share of the mistakes of always guessing the same. */
const UNTOLD_SHARE = 0.5;
/** A value of fewer rows than this share isn't looked at by itself. */
const RARE_SHARE = 0.005;
const MOST_ROWS = 200_000;

const momentSql = (name: string) => `CAST(${qualified("t", name)} AS TIMESTAMP)`;

/** Whether one moment lies after another; on the day where the other is known by the day only. */
const afterSql = (later: string, known: Column): string =>
  known.type === "date"
    ? `CAST(${qualified("t", later)} AS DATE) > ${qualified("t", known.name)}`
    : `${momentSql(later)} > ${momentSql(known.name)}`;

/** The end of the newest day of which the table can know: its load may be later than its newest event. */
function newestSql({ known, now }: Dated): string {
  const until = now === null ? "" : `, TIMESTAMP ${quoteLiteral(now.slice(0, 19).replace("T", " "))}`;
  return `date_trunc('day', greatest(max(${momentSql(known)})${until})) + INTERVAL '1 day'`;
}

type FoundDate = { name: string; after: number; moving: boolean };

/** The dates that are written to rows after these were known: no planned ones, and none that is always there at once. */
async function lateDates({ query, dialect }: Asked, dated: Dated): Promise<FoundDate[]> {
  const { table, known, time, skip } = dated;
  const since = table.columns.find((c) => c.name === known)!;
  const aside = new Set([known, time, ...skip]);
  const dates = table.columns.filter((c) => TEMPORAL.includes(c.type) && !aside.has(c.name));
  if (dates.length === 0) return [];
  const bounds = dates.map((c, i) => {
    const wait = `${dialect.micros(momentSql(c.name))} - ${dialect.micros(momentSql(known))}`;
    const median = dialect.quantiles(`CAST(${wait} AS DOUBLE PRECISION)`, [0.5], `${wait} > 0`);
    return `max(${momentSql(c.name)}) AS m${i}, (${median})[1] AS w${i}`;
  });
  const counts = dates.map((c, i) => {
    const date = momentSql(c.name);
    const after = afterSql(c.name, since);
    // Rows that had the date when they were known never waited for it.
    const recent = `${dialect.micros(momentSql(known))} > ${dialect.micros("n.at")} - n.w${i} AND (${after} OR ${date} IS NULL)`;
    // The last date of all may stand for "not yet", like 9999-12-31.
    return `count(*) FILTER (WHERE ${date} < n.at) AS filled${i},
      count(*) FILTER (WHERE ${date} >= n.at AND ${date} < n.m${i}) AS planned${i},
      count(*) FILTER (WHERE ${date} < n.at AND ${after}) AS after${i},
      regr_slope(${dialect.seconds(date)}, ${dialect.seconds(momentSql(known))}) FILTER (WHERE ${date} < n.at AND ${after}) AS slope${i},
      count(*) FILTER (WHERE ${recent}) AS recent${i},
      count(*) FILTER (WHERE ${recent} AND ${date} < n.at) AS soon${i}`;
  });
  const from = quoteIdent(table.relation);
  const [row] = await query(`WITH __newest AS (SELECT ${newestSql(dated)} AS at, ${bounds.join(", ")} FROM ${from} t)
    SELECT count(*) AS rows, ${counts.join(", ")} FROM ${from} t, __newest n WHERE ${momentSql(known)} IS NOT NULL`);
  return dates.flatMap((c, i) => {
    const of = (name: string) => Number(row![`${name}${i}`]);
    const filled = of("filled");
    const open = Number(row!.rows) - filled - of("planned");
    const after = of("after") / Math.max(1, filled);
    if (of("planned") > PLANNED_SHARE * (filled + of("planned"))) return [];
    if (of("after") < ENOUGH || after < AFTER_SHARE) return [];
    const moving =
      of("recent") >= ENOUGH_RECENT && of("soon") / of("recent") > MOVING_SHARE && of("slope") < MOVING_SLOPE;
    return moving || open >= ENOUGH ? [{ name: c.name, after, moving }] : [];
  });
}

/** A hash of a row's values, to take a share of rows by. */
const rowSql = (dialect: Dialect, { columns }: Relation): string =>
  dialect.rowHash(columns.map((c) => qualified("t", c.name)));

/** How a column goes with a date: rows with and without it, those that have the column, and mistakes in telling which. */
type Company = { filled: number; open: number; withDate: number; without: number; mistakes: number };

/** Counts how each column goes with a date being there, on at most about `MOST_ROWS` rows. */
async function companies({ query, dialect }: Asked, dated: Dated, date: string, columns: readonly Column[]) {
  if (columns.length === 0) return [];
  const { table, known } = dated;
  const from = quoteIdent(table.relation);
  const read = columns.map((c, i) => `${dialect.text(qualified("t", c.name), c.type)} AS c${i}`);
  const seen = `SELECT coalesce(${momentSql(date)} < n.at, false) AS __there, ${read.join(", ")}
    FROM ${from} t, (SELECT ${newestSql(dated)} AS at, CAST(floor(count(*) / ${MOST_ROWS}.0) AS BIGINT) + 1 AS share FROM ${from} t) n
    WHERE ${momentSql(known)} IS NOT NULL AND ${rowSql(dialect, table)} % n.share = 0`;
  const parts = columns.map(
    (_, i) => `SELECT ${i} AS i, sum(f) AS filled, sum(o) AS open, sum(f) FILTER (WHERE NOT absent) AS with_date,
      sum(o) FILTER (WHERE NOT absent) AS without, sum(least(f, o)) AS mistakes
      FROM (SELECT absent, CASE WHEN f + o >= ${RARE_SHARE} * (SELECT count(*) FROM __seen) THEN value END AS value, sum(f) AS f, sum(o) AS o
        FROM (SELECT c${i} AS value, c${i} IS NULL AS absent, count(*) FILTER (WHERE __there) AS f, count(*) FILTER (WHERE NOT __there) AS o
          FROM __seen GROUP BY 1, 2) counted GROUP BY 1, 2) told`,
  );
  const rows = await query(`WITH __seen AS MATERIALIZED (${seen}) ${parts.join(" UNION ALL ")}`);
  return rows.map((row) => {
    const of = (name: string) => Number(row[name] ?? 0);
    const company: Company = {
      ...{ filled: of("filled"), open: of("open"), withDate: of("with_date"), without: of("without") },
      mistakes: of("mistakes"),
    };
    return { column: columns[of("i")]!.name, company };
  });
}

/** What a column's company with a date says: filled in with it (and how surely), rewritten with it, or neither. */
function standingOf({ filled, open, withDate, without, mistakes }: Company): "filled" | "told" | null {
  const share = withDate / Math.max(1, filled);
  // By chance so many of the open rows would have it; none or hardly any do.
  if (share * open >= ENOUGH && without <= 0.01 * share * open) return "filled";
  const guess = Math.min(filled, open);
  return guess >= ENOUGH && mistakes <= UNTOLD_SHARE * guess ? "told" : null;
}

/**
 * Finds in a table the dates that are written after their rows were known, and the columns that are filled in or rewritten
 * with them, by what the rows show alone: dates after `known` that never lie after the newest event (those are planned).
 * By column name; a column that goes with several dates is read with the one that says most closely when it is there.
 */
export async function measureFilledLater(reader: Asked, dated: Dated): Promise<Record<string, FilledLater>> {
  const found: Record<string, FilledLater> = {};
  const dates = await lateDates(reader, dated);
  const { table, known, time, skip } = dated;
  const aside = new Set([known, time, ...skip, ...dates.map(({ name }) => name)]);
  const others = table.columns.filter((c) => !aside.has(c.name));
  const closest = new Map<string, number>();
  for (const { name: by, after, moving } of dates) {
    found[by] = { by, after, since: known, as: moving ? "moving" : "date" };
    for (const { column, company } of moving ? [] : await companies(reader, dated, by, others)) {
      const as = standingOf(company);
      const share = company.withDate / Math.max(1, company.filled);
      if (as === null || found[column]?.as === "told") continue;
      if (as === "filled" && share <= (closest.get(column) ?? 0)) continue;
      closest.set(column, share);
      found[column] = { by, after, since: known, as };
    }
  }
  return found;
}
