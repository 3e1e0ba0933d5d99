import type { Column } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { ofThePast } from "@muster/shared/features/past.ts";
import { TEMPORAL } from "@muster/shared/features/schema.ts";

/**
 * The features that may tell the target however strongly, if none of the columns they read leaks: rows of the own past and
 * labels known by then. `columns`: of the problem's own table; each but its dates was judged by itself when leakage was
 * looked for, so a feature over values of dates isn't among them.
 */
export function mayTellOf(features: readonly Feature[], problem: Problem, columns: readonly Column[]): string[] {
  const judged = new Set(columns.filter(({ type }) => !TEMPORAL.includes(type)).map(({ name }) => name));
  return features.filter((one) => ofThePast(one, problem, (column) => judged.has(column))).map(({ name }) => name);
}
