import type { Join } from "@muster/shared/domain/join.ts";

/** Tables that a scope may hold at most, the label's included. */
export const widestScope = 20;
/** Joins between the label's table and the farthest one: through an entity's table to its other tables. */
const farthest = 2;

/** A table of a scope: the label's own, the one that has the entity's single row, or another that joins reach. */
export type ScopeTable = { name: string; part: "label" | "entity" | "related" };

/**
 * The tables that joins make reachable from the label's table, nearest first, then by name; at most `widestScope`.
 * The entity's table is the one where the entity's key is unique.
 */
export function reachable(label: string, entity: string | null, joins: readonly Join[]): ScopeTable[] {
  const found = new Map<string, ScopeTable>([[label, { name: label, part: "label" }]]);
  let edge = [label];
  for (let step = 0; step < farthest && found.size < widestScope; step++) {
    const next = new Set<string>();
    for (const { left, right } of joins)
      for (const [from, to] of [
        [left.dataset, right.dataset],
        [right.dataset, left.dataset],
      ] as const)
        if (edge.includes(from) && !found.has(to)) next.add(to);
    for (const name of [...next].sort()) {
      if (found.size >= widestScope) break;
      const own = joins.some(
        ({ left, right }) => left.dataset === label && left.column === entity && right.dataset === name,
      );
      found.set(name, { name, part: own ? "entity" : "related" });
    }
    edge = [...next];
  }
  return [...found.values()];
}
