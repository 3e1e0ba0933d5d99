import type { Feature } from "@muster/shared/domain/feature.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import { isRelated, ownColumns, relatedColumns } from "@muster/shared/features/kinds.ts";
import { labelReads } from "@muster/shared/features/label-rule.ts";

/** The columns of each dataset that labels and features of a problem read, and no other. */
export function readColumns(problem: Problem, features: readonly Feature[]): Map<string, Set<string>> {
  const read = new Map<string, Set<string>>();
  const add = (dataset: string, columns: readonly (string | null)[]) => {
    const known = read.get(dataset) ?? new Set();
    for (const column of columns) if (column !== null) known.add(column);
    read.set(dataset, known);
  };
  for (const { dataset, column } of labelReads(problem)) add(dataset, [column]);
  for (const feature of features) {
    add(problem.dataset, ownColumns(feature));
    if (!isRelated(feature)) continue;
    add(feature.table, relatedColumns(feature));
    if (feature.via) add(feature.via.table, [feature.via.key, feature.via.column]);
  }
  return read;
}
