import type { z } from "zod";
import type { DatasetName } from "../domain/dataset.ts";
import type { Feature } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import { meanOf, microsOf, reachOf } from "./aggregate-sql.ts";
import { isLookup, isRelated, labelKey, readsLabels, relatedColumns } from "./kinds.ts";
import { isPast, type PastFeature } from "./past.ts";
import { type Instant, type RawValue, toInstant, toNumber } from "./raw.ts";

type Name = z.infer<typeof DatasetName>;
type RateFeature = Extract<Feature, { kind: "label_rate" }>;

/**
 * What an online store has to know of a feature over the rows of one key, to give the value that its SQL gives.
 * `past`: the rows are those before the own row, which is no event yet when it is scored.
 */
export type OnlineFeature = {
  feature: PastFeature | RateFeature;
  past: boolean;
  /** The events: rows of `table` kept under their `key`, found by the own row's `localKey` (through `via` where it is set). */
  table: Name;
  key: string;
  localKey: string;
  via: { table: Name; key: string; column: string } | null;
  time: string;
  arrived: string | null;
  /** Every column of an event that is read, keys and times among them. */
  columns: string[];
  /** The columns of the own row that are read beside its key: of the past, what windows take of the row itself. */
  ownColumns: string[];
  /** Events older than so many days are never read; null: all are. */
  reachDays: number | null;
  /** What a label is worth: the class that counts 1, or null for a number. Null where no label is read. */
  label: { column: string; positive: string | null } | null;
};

/** One event, or the own row: its columns as `parseRow` gives them. */
export type EventRow = Readonly<Record<string, RawValue>>;

/** What an online store has to know of a feature; null for those that no list of one key's events can answer. */
export function onlineFeature(feature: Feature, problem: Problem): OnlineFeature | null {
  if (feature.kind === "label_rate") {
    // Labels of intervals follow from several rows; only a column's can be kept as events.
    if (problem.label.kind !== "column" || problem.time === null) return null;
    const { column, positive } = problem.label;
    return {
      ...{
        feature,
        past: true,
        table: problem.dataset,
        key: labelKey(feature),
        localKey: labelKey(feature),
        via: null,
      },
      ...{ time: problem.time, arrived: null, columns: [feature.key, problem.time, column], ownColumns: [] },
      reachDays: feature.days === null ? null : feature.days + feature.delayDays,
      label: { column, positive: problem.task === "regression" ? null : (positive ?? "1") },
    };
  }
  if (!isRelated(feature) || isLookup(feature)) return null;
  const past = isPast(feature, problem);
  if (feature.kind === "mean_ratio" && !past) return null;
  const { table, key, localKey, via, time, arrived } = feature;
  const columns = relatedColumns(feature);
  return {
    ...{ feature, past, table, key, localKey, via: via ?? null, time, arrived, columns },
    ownColumns: past ? columns : [],
    reachDays: feature.kind === "lag" ? null : reachOf(feature),
    label: null,
  };
}

const micros = (value: RawValue | undefined): number | null => toInstant(value, "a time")?.micros ?? null;

/** A value as it was known at a moment: dates later than it weren't there, nor what such a date fills in. */
function known(feature: PastFeature, row: EventRow, column: string, at: number): RawValue {
  const filledBy = "filledBy" in feature ? feature.filledBy : undefined;
  const filled = filledBy === undefined ? null : micros(row[filledBy]);
  if (filled !== null && filled > at) return null;
  const value = row[column] ?? null;
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  return value !== null && typeof value === "object" && value.micros > at ? null : value;
}

const same = (value: RawValue): unknown => (value !== null && typeof value === "object" ? value.micros : value);

/** Whether something comes before another by the column that orders them; a missing one is last, two alike aren't told apart. */
function isBefore(value: RawValue, other: RawValue): boolean {
  const [a, b] = [value, other].map((one) => (one !== null && typeof one === "object" ? one.micros : one));
  return a !== null && (b === null || (a as number) < (b as number));
}

type Placed = { row: EventRow; at: number };

/** The events that count at a moment: those that happened and arrived by then, or before the own row. */
function standing(
  { feature, past, time, arrived }: OnlineFeature,
  events: readonly EventRow[],
  at: number,
  own: EventRow | null,
): Placed[] {
  const order = "order" in feature ? feature.order : undefined;
  return events.flatMap((row) => {
    const then = micros(row[time]);
    const came = arrived === null ? at : micros(row[arrived]);
    if (then === null || came === null || came > at) return [];
    const tied = then === at && order !== undefined && own !== null && isBefore(row[order] ?? null, own[order] ?? null);
    return (past ? then < at || tied : then <= at) ? [{ row, at: then }] : [];
  });
}

/** Adds up without losing what is small beside the sum (Neumaier 1974). */
function total(values: readonly number[]): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function aggregateOf(
  feature: Extract<PastFeature, { kind: "window" | "window_ratio" }>,
  rows: readonly Placed[],
  at: number,
  days: number | null,
): number | null {
  const inside = rows.filter((one) => days === null || at - one.at < microsOf(days));
  const { where } = feature;
  const met = inside.filter(
    ({ row }) => where === null || same(known(feature, row, where.column, at)) === where.equals,
  );
  const { aggregate, column } = feature;
  if (column === null) return met.length;
  const values = met.map(({ row }) => known(feature, row, column, at)).filter((value) => value !== null);
  if (aggregate === "count") return values.length;
  if (aggregate === "distinct") return new Set(values.map(same)).size;
  const numbers = values.flatMap((value) => toNumber(value, column) ?? []);
  if (aggregate === "sum") return finite(total(numbers));
  if (numbers.length === 0) return null;
  if (aggregate === "mean") return finite(total(numbers) / numbers.length);
  return numbers.reduce((a, b) => (aggregate === "min" ? Math.min(a, b) : Math.max(a, b)));
}

/** The value of the n-th newest row; rows of one moment stand together and must agree. */
function lagOf(
  feature: Extract<PastFeature, { kind: "lag" }>,
  rows: readonly Placed[],
  at: number,
): number | string | null {
  const { order, back } = feature;
  const newer = (a: Placed, b: Placed) => {
    if (a.at !== b.at || order === undefined) return a.at > b.at;
    return isBefore(b.row[order] ?? null, a.row[order] ?? null);
  };
  const newest = [...rows].sort((a, b) => Number(newer(b, a)) - Number(newer(a, b)));
  const nth = newest[back - 1];
  if (nth === undefined) return null;
  const peers = newest.filter((one) => !newer(one, nth) && !newer(nth, one));
  const said = new Set(
    peers.map(({ row }) => known(feature, row, feature.column, at)).filter((value) => value !== null),
  );
  const [value] = said;
  if (said.size !== 1) return null;
  return typeof value === "string" ? value : toNumber(same(value!), feature.column);
}

function rateOf(
  { feature, label, time }: OnlineFeature & { feature: RateFeature },
  events: readonly EventRow[],
  at: number,
): number | null {
  const labels = events.flatMap((row) => {
    const then = micros(row[time]);
    const value = row[label!.column] ?? null;
    if (then === null || value === null) return [];
    const age = at - (then + microsOf(feature.delayDays));
    if (age < 0 || (feature.days !== null && age >= microsOf(feature.days))) return [];
    return label!.positive === null
      ? (toNumber(value, label!.column) ?? [])
      : Number(String(value) === label!.positive);
  });
  return labels.length === 0 ? null : finite(total(labels) / labels.length);
}

/**
 * The value of a feature at a moment from all events of its key, in any order: the same as its SQL gives. `own`: the own row
 * where the feature reads its past (not among the events), else null. Without a moment there is no value.
 */
export function evaluateWindow(
  online: OnlineFeature,
  events: readonly EventRow[],
  moment: Instant | Date | null,
  own: EventRow | null,
): number | string | null {
  const at = toInstant(moment, "the moment")?.micros;
  if (at === undefined) return null;
  const { feature } = online;
  if (readsLabels(feature)) return rateOf({ ...online, feature }, events, at);
  const before = standing(online, events, at, own);
  if (feature.kind === "lag") return lagOf(feature, before, at);
  if (feature.kind === "recency_days") {
    const newest = before.reduce<number | null>((last, one) => (last === null || one.at > last ? one.at : last), null);
    return newest === null ? null : (at - newest) / 86_400_000_000;
  }
  if (feature.kind === "mean_ratio") {
    const value = own === null ? null : toNumber(same(known(feature, own, feature.column, at)), feature.column);
    const mean = aggregateOf(meanOf(feature), before, at, feature.days);
    return value === null || mean === null || mean === 0 ? null : finite(value / mean);
  }
  const meets = own !== null && same(own[online.key] ?? null) === same(own[online.localKey] ?? null);
  const rows =
    online.past && own !== null && meets && own[online.key] !== null ? [...before, { row: own, at }] : before;
  if (feature.kind === "window") return aggregateOf(feature, rows, at, feature.days);
  const rate = (days: number) => aggregateOf(feature, rows, at, days)! / days;
  const long = rate(feature.longDays);
  return long === 0 ? null : finite(rate(feature.shortDays) / long);
}
