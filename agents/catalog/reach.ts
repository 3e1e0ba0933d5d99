import type { Join } from "@muster/shared/domain/join.ts";

/** A step of a join path. `many`: a row of `from` may have several of `to`. */
export type Step = Pick<Join, "left" | "right"> & { many: boolean };

/** Joins between a dataset and the farthest one that features are looked for in. */
const farthest = 2;

/**
 * The way by joins from a dataset to every other within two: the shortest; of equals the one that begins at the entity's
 * column, then the one that meets single rows, then by name. A step's `left` is where it comes from.
 */
export function reach(from: string, entity: string | null, joins: readonly Join[]): Map<string, Step[]> {
  const steps = joins.flatMap((join): Step[] => {
    const { left, right, leftUnique } = join;
    if (left.dataset === right.dataset) return [];
    return [
      { left, right, many: false },
      { left: right, right: left, many: !leftUnique },
    ];
  });
  const found = new Map<string, Step[]>([[from, []]]);
  for (let hop = 1; hop <= farthest; hop++) {
    const next = new Map<string, Step[]>();
    for (const [at, path] of found) {
      if (path.length !== hop - 1) continue;
      for (const step of steps) {
        const to = step.right.dataset;
        if (step.left.dataset !== at || found.has(to)) continue;
        const way = [...path, step];
        const held = next.get(to);
        if (!held || worse(held, way, entity) > 0) next.set(to, way);
      }
    }
    for (const [to, path] of next) found.set(to, path);
  }
  found.delete(from);
  return found;
}

const worse = (a: readonly Step[], b: readonly Step[], entity: string | null): number =>
  Number(b[0]!.left.column === entity) - Number(a[0]!.left.column === entity) ||
  a.filter(({ many }) => many).length - b.filter(({ many }) => many).length ||
  (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
