import type { Feature } from "@muster/shared/domain/feature.ts";
import { isAhead, isOwnRow, labelKey, ownColumns, readsLabels } from "@muster/shared/features/kinds.ts";

/**
 * The raw columns whose values a feature is made of: columns of the entity's own row by name, those of another table as
 * `table.column`, with the one that picks its rows; a count of all rows is of the table itself.
 */
export function rawColumnsOf(feature: Feature): string[] {
  if (isOwnRow(feature)) return ownColumns(feature);
  // The place in time is told by what it is; earlier values of the series by their column.
  if (isAhead(feature)) return [feature.column ?? feature.of];
  // What earlier rows of the key came to is told of the key.
  if (readsLabels(feature)) return [labelKey(feature)];
  const column = "column" in feature ? feature.column : feature.time;
  const where = "where" in feature ? (feature.where?.column ?? null) : null;
  const read = [...new Set([column, where])].filter((name) => name !== null);
  return read.length === 0 ? [feature.table] : read.map((name) => `${feature.table}.${name}`);
}
