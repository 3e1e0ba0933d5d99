import type { Join, Path } from "@muster/shared/domain/join.ts";

type Side = Join["left"];
const same = (a: Side, b: Side) => a.dataset === b.dataset && a.column === b.column;

/**
 * The joins from a table to others of a scope, each other table and pair of columns once: those measured from it, those
 * measured to it the other way round, and those of two tables whose columns name the same key (contracts and payments of
 * one customer). `unique`: at most one row of the other table per key.
 */
export function joinsFrom(dataset: string, joins: readonly Join[]): Path[] {
  const found: Path[] = [];
  const add = (left: Side, right: Side, unique: boolean) => {
    const known = found.some((join) => same(join.left, left) && same(join.right, right));
    if (left.dataset === dataset && right.dataset !== dataset && !known) found.push({ left, right, unique });
  };
  for (const { left, right, leftUnique, rightUnique } of joins) {
    add(left, right, rightUnique);
    add(right, left, leftUnique);
  }
  for (const own of joins)
    for (const other of joins)
      if (own !== other && same(own.right, other.right)) add(own.left, other.left, other.leftUnique);
  return found;
}
