import type { Column } from "@muster/shared/domain/dataset.ts";
import { NUMERIC } from "@muster/shared/features/schema.ts";
import type { Engine, Row } from "@muster/shared/warehouse/duckdb.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";
import { deployedView } from "./open-newest.ts";

/** Stretches before the deployment that a load is compared with. */
const stretches = 4;
const weekMicros = 7 * 86_400_000_000;
const limits = {
  /** Fewer rows before say too little about how many there should be. */
  leastRows: 100,
  /** A load with less than this share of the fewest rows of any earlier stretch lacks rows. */
  rowShare: 0.6,
  /** A column whose share of missing values rose by this much was not filled. */
  missing: 0.5,
  /** A median this many times further out than in any earlier stretch is in another unit. */
  unit: 5,
};

/**
 * A table to check: `columns` are those to measure, `time` the time of arrival, else of the event, that its rows have
 * (null: none).
 */
export type CheckedTable = { table: string; columns: readonly Column[]; time: string | null };

type Stretch = { rows: number; filled: Record<string, number>; medians: Record<string, number | null> };

/**
 * What looks broken in a table's load since the deployment, one sentence each without cell values: rows that lack, columns
 * that came empty, numbers in another unit. What came since is compared with up to four earlier stretches of its length;
 * a table without time, or that only changed in place, as a whole with the version deployed on.
 */
export async function checkLoad(engine: Engine, checked: CheckedTable): Promise<string[]> {
  const { table, columns } = checked;
  const byStretch = await measureStretches(engine, checked);
  const now = byStretch.get(-1);
  const before = [...byStretch].filter(([k]) => k >= 0).map(([, stretch]) => stretch);
  if (before.length === 0) return [];
  const fewest = Math.min(...before.map(({ rows }) => rows));
  if (fewest < limits.leastRows) return [];
  const found: string[] = [];
  const share = (now?.rows ?? 0) / fewest;
  if (share < limits.rowShare) found.push(`${table} has ${percent(share)} of the rows that it had at least before`);
  if (now && now.rows > 0)
    for (const { name } of columns) {
      const reason = missingReason(name, now, before) ?? unitReason(name, now, before);
      if (reason) found.push(`${table}.${name} ${reason}`);
    }
  return found;
}

function missingReason(name: string, now: Stretch, before: Stretch[]): string | null {
  const missing = (stretch: Stretch) => 1 - stretch.filled[name]! / stretch.rows;
  const most = Math.max(...before.map(missing));
  const share = missing(now);
  return share - most >= limits.missing
    ? `is empty in ${percent(share)} of its new rows (${percent(most)} before)`
    : null;
}

function unitReason(name: string, now: Stretch, before: Stretch[]): string | null {
  const median = now.medians[name];
  const earlier = before
    .map((stretch) => stretch.medians[name])
    .filter((m): m is number => m !== null && m !== undefined && m > 0);
  if (!median || earlier.length < before.length) return null;
  const up = median / Math.max(...earlier);
  const down = Math.min(...earlier) / median;
  if (up >= limits.unit) return `is ${times(up)} what it was: another unit?`;
  return down >= limits.unit ? `is a ${times(down).replace(" times", "th")} of what it was: another unit?` : null;
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
const times = (factor: number) => `${factor < 10 ? factor.toFixed(1) : Math.round(factor)} times`;

/** Stretch −1 is what came since the deployment, 0 the one before it, and so on. */
async function measureStretches(engine: Engine, { table, columns: measured, time }: CheckedTable) {
  const now = quoteIdent(table);
  const before = quoteIdent(deployedView(table));
  const numbers = measured.filter(({ type }) => NUMERIC.includes(type) && type !== "boolean");
  const select = [
    "k",
    "count(*) AS rows",
    ...measured.map(({ name }, i) => `count(${quoteIdent(name)}) AS filled_${i}`),
    ...numbers.map(({ name }, i) => `median(abs(CAST(${quoteIdent(name)} AS DOUBLE))) AS median_${i}`),
  ].join(", ");
  const whole = `SELECT -1 AS k, * FROM ${now} UNION ALL SELECT 0 AS k, * FROM ${before}`;
  const rows = await engine.query<Row>(
    `SELECT ${select} FROM (${(await stretchesSql(engine, { now, before, time })) ?? whole}) GROUP BY k`,
  );
  return new Map(
    rows.map((row): [number, Stretch] => [
      Number(row.k),
      {
        rows: Number(row.rows),
        filled: Object.fromEntries(measured.map(({ name }, i) => [name, Number(row[`filled_${i}`])])),
        medians: Object.fromEntries(numbers.map(({ name }, i) => [name, row[`median_${i}`] as number | null])),
      },
    ]),
  );
}

/**
 * What came after the newest row deployed on, and earlier stretches of that length, each a whole number of weeks before:
 * the days of the week are the same. Null where nothing came since.
 */
async function stretchesSql(
  engine: Engine,
  { now, before, time }: { now: string; before: string; time: string | null },
): Promise<string | null> {
  if (time === null) return null;
  const at = `epoch_us(CAST(${quoteIdent(time)} AS TIMESTAMP))`;
  const since = `(SELECT max(${at}) FROM ${before})`;
  const [row] = await engine.query<{ length: number | null; history: number | null }>(
    `SELECT (SELECT max(${at}) - ${since} FROM ${now} WHERE ${at} > ${since}) AS length,
      (SELECT ${since} - min(${at}) FROM ${before}) AS history`,
  );
  const { length = null, history = null } = row ?? {};
  if (length === null || history === null) return null;
  const period = Math.ceil(Number(length) / weekMicros) * weekMicros;
  // A stretch that the table's history doesn't fill would look short.
  const whole = Math.min(stretches, Math.floor(Number(history) / period));
  if (whole < 1) return null;
  const k = `(${since} - ${at}) // ${period}`;
  return `SELECT -1 AS k, * FROM ${now} WHERE ${at} > ${since}
    UNION ALL SELECT ${k} AS k, * FROM ${before}
    WHERE ${at} <= ${since} AND ${k} < ${whole} AND ${at} - ${since} + (${k} + 1) * ${period} <= ${length}`;
}
