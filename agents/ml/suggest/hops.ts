import type { Problem } from "@muster/shared/domain/problem.ts";
import { type Timing, untimely } from "@muster/shared/features/timing/timing.ts";
import { writtenLater } from "./as-of.ts";
import type { Related } from "./related-candidates.ts";
import type { Scope, ScopeTable } from "./scope.ts";

type Near = Omit<Related, "columns">;

/** Whether a column may lead on to another table: it is cleared, and was there when its row was. */
function leads(column: string, table: ScopeTable, problem: Problem, scope: Scope, timing: Timing): boolean {
  const { name, columns } = table.manifest;
  const full = `${name}.${column}`;
  return (
    (scope.roles[full] ?? "none") !== "none" &&
    !problem.exclusions.includes(full) &&
    untimely(column, name, columns, timing, false) === null &&
    writtenLater(column, table, problem, scope, timing) === null
  );
}

/**
 * The tables one hop further than those that the own row names: its row of a table between (one a key, and without a time
 * by which rows would come and go) names the rows of another by a column of its own. Each table once, the first way to it.
 */
export function hopsFrom(near: readonly Near[], problem: Problem, scope: Scope, timing: Timing): Near[] {
  const known = new Set([problem.dataset, ...near.map(({ table }) => table.manifest.name)]);
  const found: Near[] = [];
  for (const { table: between, key: betweenKey, localKey, unique } of near) {
    const { name, time } = between.manifest;
    if (!unique || time !== null) continue;
    for (const { left, right, unique: one } of scope.joins) {
      const table = scope.tables.find((t) => t.manifest.name === right.dataset);
      if (left.dataset !== name || left.column === betweenKey || table === undefined || known.has(right.dataset))
        continue;
      if ((scope.roles[`${right.dataset}.${right.column}`] ?? "none") === "none") continue;
      if (!leads(left.column, between, problem, scope, timing)) continue;
      known.add(right.dataset);
      const via = { table: name, key: betweenKey, column: left.column };
      found.push({ table, key: right.column, localKey, unique: one, via });
    }
  }
  return found;
}
