import { z } from "zod";
import { hashOf } from "../canonical.ts";
import { Column, DatasetName } from "../domain/dataset.ts";
import type { FeatureView } from "../domain/feature.ts";
import type { Problem } from "../domain/problem.ts";
import type { Dialect } from "../warehouse/dialect.ts";
import { quoteIdent } from "../warehouse/quote.ts";
import { type EventRow, type OnlineFeature, onlineFeature } from "./online.ts";
import { keyText, type RawValue } from "./raw.ts";
import { columnOf, type Relation, TEMPORAL } from "./schema.ts";

/** The events of one table under one key, as an online store keeps them: features that read the same are answered by one. */
export const OnlineGroup = z.object({
  name: z.string(),
  table: DatasetName,
  key: z.string(),
  /** What is kept of an event, in this order. */
  columns: z.array(Column),
  time: z.string(),
  /** The oldest moment (microseconds) at which every window is answered in full; null: at any. */
  fullFrom: z.number().nullable(),
});
export type OnlineGroup = z.infer<typeof OnlineGroup>;

/** What an online store holds of a view: a state, its groups, and the newest event that it knows of. */
export const OnlineState = z.object({
  state: z.string(),
  asOf: z.string().nullable(),
  groups: z.array(OnlineGroup),
});
export type OnlineState = z.infer<typeof OnlineState>;

/** The name of the group that answers a feature. */
export const groupName = ({ table, key, time, arrived }: OnlineFeature): string =>
  hashOf({ table, key, time, arrived }).slice(0, 12);

/**
 * The features of a view that depend on the moment of a request: rows of a flat table that have their own time. Those of a
 * problem with common cutoffs are fixed at the cutoff, and are looked up as they were materialized.
 */
export function onlineFeatures({ features }: Pick<FeatureView, "features">, problem: Problem): OnlineFeature[] {
  if (problem.label.kind !== "column" || problem.time === null) return [];
  return features
    .map((feature) => onlineFeature(feature, problem))
    .filter((online): online is OnlineFeature => online !== null && online.via === null);
}

/** Features by group, each with the columns and the reach that it needs in all. */
export function groupsOf(online: readonly OnlineFeature[], tables: Readonly<Record<string, Relation>>) {
  const groups = new Map<string, OnlineFeature[]>();
  for (const one of online) groups.set(groupName(one), [...(groups.get(groupName(one)) ?? []), one]);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, members]) => {
      const { table, key, time, arrived } = members[0]!;
      const relation = tables[table]!;
      const read = new Set([
        time,
        ...(arrived === null ? [] : [arrived]),
        ...members.flatMap(({ columns }) => columns),
      ]);
      const reach = members.map(({ reachDays }) => reachDays);
      return {
        ...{ name, table, key, time },
        columns: [...read].sort().map((column) => columnOf(relation, column)),
        /** Days; null where a feature reads all there is. */
        reachDays: reach.includes(null) ? null : Math.max(...(reach as number[])),
      };
    });
}

/** A value as it is kept: times as microseconds. */
type Kept = number | string | boolean | null;

/** The name of a column among the kept ones: SQL gives times as whole microseconds. */
const placed = (i: number) => `c${i}`;

/** Which events are read: those since a moment (microseconds; null: all), and of the keys one part of so many. */
export type Wanted = { since: number | null; part: { index: number; of: number } };

/** SQL for events of a group, by key and time: its columns as `c0`, `c1` … */
export function eventsSql(
  { key, columns, time }: Pick<OnlineGroup, "key" | "columns" | "time">,
  relation: string,
  { micros, rowHash }: Pick<Dialect, "micros" | "rowHash">,
  { since, part }: Wanted,
): string {
  const [k, when] = [quoteIdent(key), quoteIdent(time)];
  const kept = columns.map(({ name, type }, i) => {
    const c = quoteIdent(name);
    return `${TEMPORAL.includes(type) ? `CAST(${micros(c)} AS DOUBLE PRECISION)` : c} AS ${placed(i)}`;
  });
  const conditions = [
    ...[`${k} IS NOT NULL`, `${when} IS NOT NULL`],
    ...(since === null ? [] : [`${micros(when)} >= ${since}`]),
    ...(part.of === 1 ? [] : [`(${rowHash([k])} % ${part.of} + ${part.of}) % ${part.of} = ${part.index}`]),
  ];
  return `SELECT ${kept.join(", ")} FROM ${quoteIdent(relation)} WHERE ${conditions.join(" AND ")} ORDER BY ${k}, ${micros(when)}`;
}

/** One event of a result of `eventsSql`, as it is kept. */
export const keptEvent = ({ columns }: Pick<OnlineGroup, "columns">, row: Record<string, unknown>): Kept[] =>
  columns.map((_, i) => (row[placed(i)] ?? null) as Kept);

/** The key of a kept event as text. */
export function keptKey({ key, columns }: Pick<OnlineGroup, "key" | "columns">, event: readonly Kept[]): string {
  const i = columns.findIndex(({ name }) => name === key);
  const value = event[i]!;
  return keyText(typeof value === "number" && TEMPORAL.includes(columns[i]!.type) ? { micros: value } : value)!;
}

/** The bytes of one key's events. */
export const packEvents = (events: readonly Kept[][]): string => JSON.stringify(events);

/** One key's events from their bytes; none where nothing is kept under the key. */
export function unpackEvents({ columns }: Pick<OnlineGroup, "columns">, text: string | null): EventRow[] {
  if (text === null) return [];
  return (JSON.parse(text) as Kept[][]).map((event) =>
    Object.fromEntries(
      columns.map(({ name, type }, i): [string, RawValue] => {
        const value = event[i] ?? null;
        return [name, typeof value === "number" && TEMPORAL.includes(type) ? { micros: value } : value];
      }),
    ),
  );
}

/** The name that points at a view's state. */
export const onlineName = (view: string): string => `online:${view}`;
/** The set that holds a group's events. */
export const onlineSet = (view: string, state: string, group: string): string => `online:${view}:${state}:${group}`;
