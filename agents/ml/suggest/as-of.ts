import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { isAhead, isOwnRow, isRelated, ownColumns, readsLabels, relatedValues } from "@muster/shared/features/kinds.ts";
import type { Timing } from "@muster/shared/features/timing/timing.ts";
import type { Dropped, Scope, ScopeTable } from "./scope.ts";

const percent = (share: number): string => `${Math.max(0.1, Math.round(share * 1000) / 10)} %`;

/** Why a column that is written after its row was known can't be read as of a cutoff, with the share; null where it can. */
export function writtenLater(
  column: string,
  { manifest }: ScopeTable,
  problem: Problem,
  scope: Scope,
  timing: Timing,
): Dropped | null {
  const name = `${manifest.name}.${column}`;
  const found = timing.filled[name];
  if (found === undefined) return null;
  const { by, after, since } = found;
  const when = since === manifest.arrived ? "after the row arrived" : `after the row's ${since}`;
  const drop = (reason: string): Dropped => ({ name, reason, number: after });
  if (found.as === "moving")
    return drop(`overwritten in place: ${percent(after)} of its dates lie ${when}, old and new`);
  // The own row's date is read beside the values, and so has to be cleared like them.
  const unreadable = manifest.name === problem.dataset && scope.roles[`${manifest.name}.${by}`] !== "feature";
  if (found.as !== "told" && !unreadable) return null;
  return drop(`filled in later: ${percent(after)} of its values come with a date (${by}) ${when}`);
}

/** The columns whose values a feature is made of, as `dataset.column`. */
const valuesOf = (feature: Feature, dataset: string): string[] =>
  isRelated(feature)
    ? relatedValues(feature).map((name) => `${feature.table}.${name}`)
    : ownColumns(feature).map((name) => `${dataset}.${name}`);

/**
 * The feature read as of the cutoff where its columns are filled in later; null where they are filled in with several
 * dates, by which no feature can be read.
 */
export function asOfCutoff(feature: Feature, dataset: string, timing: Timing): Feature | null {
  if (feature.kind === "recency_days" || isAhead(feature) || readsLabels(feature)) return feature;
  const dates = new Set<string>();
  for (const name of valuesOf(feature, dataset)) {
    const found = timing.filled[name];
    // A related row's own dates are read so in any case.
    if (found !== undefined && (isOwnRow(feature) || found.as !== "date")) dates.add(found.by);
  }
  if (dates.size > 1) return null;
  const [filledBy] = dates;
  return filledBy === undefined ? feature : { ...feature, filledBy };
}

/** What is taken for granted of the columns that the features read as of the cutoff, a sentence for each date. */
export function saidOfDates(features: readonly Feature[], dataset: string, timing: Timing): string[] {
  const read = new Set(features.flatMap((feature) => valuesOf(feature, dataset)));
  const dates = new Map<string, { text: string; columns: string[] }>();
  for (const [name, { by, after, since, as }] of Object.entries(timing.filled)) {
    if (!read.has(name)) continue;
    const table = name.slice(0, name.indexOf("."));
    const text = `in ${table}, ${by} lies after ${since} in ${percent(after)} of the rows that have it`;
    const said = dates.get(`${table}.${by}`) ?? { text, columns: [] };
    if (as === "filled") said.columns.push(name.slice(table.length + 1));
    dates.set(`${table}.${by}`, said);
  }
  return [...dates.values()].map(({ text, columns }) => {
    const what = columns.length === 0 ? "it is" : `it and what is filled in with it (${columns.join(", ")}) are`;
    return `I${text.slice(1)}: at a cutoff before that date, ${what} read as missing.`;
  });
}
