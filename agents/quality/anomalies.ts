import { CATEGORY_COUNT, type ColumnProfile, type Profile } from "@muster/shared/domain/profile.ts";
import { studentQuantile } from "@muster/shared/stats/distributions.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";

/** Earlier versions below which a history says nothing. */
export const SHORTEST_HISTORY = 5;
/** Chance of an alarm over all measures of a version together, were the history normal and nothing changed. */
const ALARM = 0.01;

/** A measure of a version against its history: what it is, what was usual, how far it may lie from that. */
export type Anomaly = {
  column: string | null;
  measure: string;
  value: number;
  usual: number;
  /** Largest distance from `usual` that isn't alarming. */
  allowed: number;
  versions: number;
};

/** A measure by version, and the least spread that sampling alone gives it. */
type Series = { column: string | null; measure: string; value: number; history: number[]; noise: number };

const median = (values: readonly number[]) => quantile(Float64Array.from(values).sort(), 0.5);

/** Shares of the categories that 20 rows or more show, most frequent first. */
const shares = (c: ColumnProfile, rows: number) =>
  new Map(
    c.top.filter(({ count }) => count >= CATEGORY_COUNT).map(({ value, count }) => [value, count / (rows - c.nulls)]),
  );

function seriesOf(
  column: ColumnProfile,
  now: Profile,
  before: { profile: Profile; column: ColumnProfile }[],
): Series[] {
  const there = Math.max(1, now.rows - column.nulls);
  const series = (measure: string, of: (c: ColumnProfile, p: Profile) => number | null, noise: number): Series[] => {
    const value = of(column, now);
    const history = before.flatMap(({ profile, column: c }) => of(c, profile) ?? []);
    if (value === null || history.length < SHORTEST_HISTORY) return [];
    return [{ column: column.name, measure, value, history, noise }];
  };
  const p = Math.max(median(before.map(({ column: c }) => c.nullShare)), 1 / now.rows);
  const { number } = column;
  const uniform = column.idLike
    ? []
    : series("distinct values", (c) => c.distinct, Math.max(0.5, 0.02 * column.distinct));
  return [
    ...series("share missing", (c) => c.nullShare, Math.sqrt((p * (1 - Math.min(p, 0.999))) / now.rows)),
    ...uniform,
    ...(number && !column.idLike
      ? [
          ...series("mean", (c) => c.number?.mean ?? null, (number.sd ?? 0) / Math.sqrt(there)),
          ...series("standard deviation", (c) => c.number?.sd ?? null, (number.sd ?? 0) / Math.sqrt(2 * there)),
          ...series(
            "share negative",
            (c, of) => (c.number?.negatives ?? 0) / Math.max(1, of.rows - c.nulls),
            1 / there,
          ),
        ]
      : []),
    ...(column.text ? series("mean length", (c) => c.text?.meanLength ?? null, 0.01 * column.text.meanLength) : []),
  ];
}

/** Categories of the usual versions that are gone, and ones that none of them had, by their number. */
function categoriesOf(
  column: ColumnProfile,
  now: Profile,
  before: { profile: Profile; column: ColumnProfile }[],
): Anomaly[] {
  const known = before.map(({ profile, column: c }) => shares(c, profile.rows));
  // Only where the list is complete can a category be new or gone.
  const whole = [column, ...before.map(({ column: c }) => c)].every((c) => c.distinct <= c.top.length);
  if (!whole || column.idLike || column.type === "number") return [];
  const present = new Set(column.top.map(({ value }) => value));
  const ever = new Set(before.flatMap(({ column: c }) => c.top.map(({ value }) => value)));
  const always = [...(known[0]?.keys() ?? [])].filter((value) => known.every((one) => one.has(value)));
  const gone = always.filter((value) => !present.has(value)).length;
  const fresh = [...shares(column, now.rows).keys()].filter((value) => !ever.has(value)).length;
  const say = (measure: string, value: number): Anomaly[] =>
    value === 0 ? [] : [{ column: column.name, measure, value, usual: 0, allowed: 0, versions: before.length }];
  return [...say("categories gone", gone), ...say("new categories", fresh)];
}

/**
 * What of a version is unlike its own history: rows, and of each column what is missing, distinct values, mean, spread,
 * negatives, length, categories. A measure is alarming beyond `t · s · √(1 + 1/n)` of the median of the n earlier versions
 * (s: 1.4826 · median absolute deviation, never below what sampling alone gives; t: Student's quantile with n − 1 degrees
 * of freedom, Bonferroni over all measures at 0.01). `null` below five earlier versions: a short history says nothing.
 */
export function findAnomalies(
  now: Profile,
  history: readonly Profile[],
): { anomalies: Anomaly[]; measures: number } | null {
  if (history.length < SHORTEST_HISTORY) return null;
  const rowNoise = 0.01 * median(history.map(({ rows }) => rows));
  const all: Series[] = [
    { column: null, measure: "rows", value: now.rows, history: history.map(({ rows }) => rows), noise: rowNoise },
    {
      ...{ column: null, measure: "share of repeated rows", value: now.duplicates.share },
      ...{ history: history.map(({ duplicates }) => duplicates.share), noise: 1 / Math.max(1, now.rows) },
    },
  ];
  const found: Anomaly[] = [];
  for (const column of now.columns) {
    const before = history.flatMap((profile) => {
      const same = profile.columns.find(({ name, type }) => name === column.name && type === column.type);
      return same ? [{ profile, column: same }] : [];
    });
    if (before.length < SHORTEST_HISTORY) continue;
    all.push(...seriesOf(column, now, before));
    found.push(...categoriesOf(column, now, before));
  }
  for (const { column, measure, value, history: past, noise } of all) {
    const usual = median(past);
    const spread = Math.max(1.4826 * median(past.map((x) => Math.abs(x - usual))), noise);
    const t = studentQuantile(1 - ALARM / (2 * all.length), past.length - 1);
    const allowed = t * spread * Math.sqrt(1 + 1 / past.length);
    if (Math.abs(value - usual) > allowed)
      found.push({ column, measure, value, usual, allowed, versions: past.length });
  }
  return { anomalies: found, measures: all.length };
}
