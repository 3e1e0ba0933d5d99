import type { Column, DatasetManifest } from "@muster/shared/domain/dataset.ts";
import { type ColumnProfile, type Profile, type QuantileName, quantileLevels } from "@muster/shared/domain/profile.ts";
import type { Engine, Row } from "@muster/shared/warehouse/duckdb.ts";
import { quoteIdent } from "@muster/shared/warehouse/duckdb.ts";

/** Columns whose statistics come from one scan: the planner's time grows faster than their number. */
const COLUMNS_A_SCAN = 64;
/** A wide table is profiled in parts held in memory: every query on the whole of it would bind all of its columns. */
const PART = "part being profiled";
const PART_CELLS = 8_000_000;
const TOP = 20;
const SHAPES = 10;
const SHAPE_LENGTH = 40;
/** Rows below which "all differ" says nothing. */
const ID_ROWS = 20;

const isNumeric = (type: Column["type"]) => type === "integer" || type === "number";
const isTime = (type: Column["type"]) => type === "date" || type === "timestamp";

/** The aggregates of one column that a single scan gives. */
function aggregates({ name, type }: Column, i: number): string[] {
  const c = quoteIdent(name);
  const list = [`count(${c}) AS n${i}`];
  if (isNumeric(type)) {
    // sd and skew overflow, and fail, on squares and cubes of huge values.
    const sane = `${c}::DOUBLE) FILTER (abs(${c}::DOUBLE) < 1e100)`;
    list.push(
      ...[`min(${c})::DOUBLE AS min${i}`, `max(${c})::DOUBLE AS max${i}`, `avg(${sane} AS mean${i}`],
      ...[`stddev_samp(${sane} AS sd${i}`, `skewness(${sane} AS skew${i}`],
      ...[`count(*) FILTER (${c} = 0) AS zeros${i}`, `count(*) FILTER (${c} < 0) AS negatives${i}`],
      `quantile_cont(${c}::DOUBLE, [${Object.values(quantileLevels).join(", ")}]) AS q${i}`,
    );
  }
  if (type === "text") {
    list.push(`min(length(${c})) AS min${i}`, `max(length(${c})) AS max${i}`, `avg(length(${c})) AS mean${i}`);
  }
  if (isTime(type)) list.push(`min(${c}) AS min${i}`, `max(${c}) AS max${i}`);
  return list;
}

/** The distinct values of a column with their counts: everything that depends on values comes from these few. */
function valuesQuery({ name, type }: Column, view: string): string {
  const c = quoteIdent(name);
  const shares = `
    coalesce(sum(n) FILTER (isfinite(TRY_CAST(trim(v) AS DOUBLE))), 0) AS numbers,
    coalesce(sum(n) FILTER (regexp_full_match(trim(v), '[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ].*)?')), 0) AS dates,
    coalesce(sum(n) FILTER (lower(trim(v)) IN ('true', 'false', 'yes', 'no', 't', 'f', 'y', 'n')), 0) AS booleans,`;
  const from = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const to = from.replace(/[a-z]/g, "a").replace(/[A-Z]/g, "A").replace(/[0-9]/g, "9");
  const ascii = `translate(left(v, ${SHAPE_LENGTH}), '${from}', '${to}')`;
  // Letters of other scripts cost a regular expression, so only texts that hold some pay for it.
  const shape = `CASE WHEN strlen(v) = length(v) THEN ${ascii} ELSE regexp_replace(regexp_replace(${ascii}, '\\p{L}', 'a', 'g'), '\\p{N}', '9', 'g') END`;
  const shapes = `(SELECT list({shape: s, n: n} ORDER BY n DESC, s) FROM (
      SELECT ${shape} AS s, sum(n)::BIGINT AS n FROM v GROUP BY 1 ORDER BY n DESC, s LIMIT ${SHAPES})) AS shapes,`;
  return `WITH v AS MATERIALIZED (SELECT ${c} AS v, count(*) AS n FROM ${quoteIdent(view)} WHERE ${c} IS NOT NULL GROUP BY 1)
    SELECT ${type === "text" ? shares + shapes : ""}
      (SELECT list({value: v::VARCHAR, n: n} ORDER BY n DESC, v) FROM (
        SELECT v, n FROM v ORDER BY n DESC, v LIMIT ${TOP})) AS top,
      count(*) AS distinct_values
    FROM v`;
}

const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);
const listOf = (value: unknown) => (Array.isArray(value) ? (value as Row[]) : []);

function columnProfile({ name, type }: Column, rows: number, scan: Row, i: number, values: Row): ColumnProfile {
  const there = Number(scan[`n${i}`]);
  const distinct = Number(values.distinct_values);
  const uniqueShare = there > 0 ? distinct / there : 0;
  const meanLength = Number(scan[`mean${i}`] ?? 0);
  const shareOf = (value: unknown) => (there > 0 ? Number(value) / there : 0);
  const names = Object.keys(quantileLevels) as QuantileName[];
  const quantiles = Array.isArray(scan[`q${i}`]) ? (scan[`q${i}`] as unknown[]) : [];
  const differs =
    type === "integer" ? uniqueShare >= 0.999 : type === "text" && uniqueShare >= 0.95 && meanLength <= 64;
  return {
    name,
    type,
    nulls: rows - there,
    nullShare: rows > 0 ? (rows - there) / rows : 0,
    distinct,
    uniqueShare,
    constant: distinct <= 1,
    idLike: there >= ID_ROWS && differs,
    top: listOf(values.top).map((t) => ({ value: String(t.value), count: Number(t.n) })),
    number: isNumeric(type)
      ? {
          min: numberOf(scan[`min${i}`]),
          max: numberOf(scan[`max${i}`]),
          mean: numberOf(scan[`mean${i}`]),
          sd: numberOf(scan[`sd${i}`]),
          skew: numberOf(scan[`skew${i}`]),
          zeros: Number(scan[`zeros${i}`]),
          negatives: Number(scan[`negatives${i}`]),
          quantiles: Object.fromEntries(names.map((q, k) => [q, numberOf(quantiles[k])])),
        }
      : null,
    text:
      type === "text"
        ? {
            minLength: Number(scan[`min${i}`] ?? 0),
            maxLength: Number(scan[`max${i}`] ?? 0),
            meanLength,
            shapes: listOf(values.shapes).map((s) => ({ shape: String(s.shape), count: Number(s.n) })),
            readable: {
              number: shareOf(values.numbers),
              date: shareOf(values.dates),
              boolean: shareOf(values.booleans),
            },
          }
        : null,
    time: isTime(type)
      ? { min: (scan[`min${i}`] as string | null) ?? null, max: (scan[`max${i}`] as string | null) ?? null }
      : null,
  };
}

/**
 * Profiles one dataset version, which the engine holds as a view of its name: one scan for the statistics of 64 columns,
 * one grouping a column for its values, one hash of the rows. All counts are exact. Columns are looked at one by one.
 * Cost: linear in columns × rows, about 0.5 s for 600,000 × 9.
 */
export async function profileDataset(engine: Engine, manifest: DatasetManifest): Promise<Profile> {
  const { name: dataset, version, columns: all } = manifest;
  const view = quoteIdent(dataset);
  const everything = all.map((c) => quoteIdent(c.name)).join(", ");
  const [whole] = await engine.query(`SELECT count(*) AS n, count(DISTINCT hash(${everything})) AS d FROM ${view}`);
  const rows = Number(whole!.n);
  const repeated = rows - Number(whole!.d);

  const columns: ColumnProfile[] = [];
  const step =
    all.length <= COLUMNS_A_SCAN
      ? COLUMNS_A_SCAN
      : Math.max(1, Math.min(COLUMNS_A_SCAN, Math.floor(PART_CELLS / (rows + 1))));
  for (let start = 0; start < all.length; start += step) {
    const some = all.slice(start, start + step);
    const from = all.length <= COLUMNS_A_SCAN ? dataset : PART;
    if (from === PART) {
      const list = some.map((c) => quoteIdent(c.name)).join(", ");
      await engine.run(`CREATE OR REPLACE TABLE ${quoteIdent(PART)} AS SELECT ${list} FROM ${view}`);
    }
    const [scan] = await engine.query(`SELECT ${some.flatMap(aggregates).join(", ")} FROM ${quoteIdent(from)}`);
    for (const [i, column] of some.entries()) {
      const [values] = await engine.query(valuesQuery(column, from));
      columns.push(columnProfile(column, rows, scan!, i, values!));
    }
  }
  if (all.length > COLUMNS_A_SCAN) await engine.run(`DROP TABLE IF EXISTS ${quoteIdent(PART)}`);
  return { dataset, version, rows, columns, duplicates: { rows: repeated, share: rows > 0 ? repeated / rows : 0 } };
}
