import { type CodedColumn, type CodeSet, finer } from "./code-column.ts";
import { type Field, type Found, likelihoodRatio, scanColumn, spanned } from "./scan.ts";

/** A conjunction of conditions on different columns, with its score on the rows that were searched. */
export type Candidate = { conditions: CodeSet[]; score: number; errors: number; rows: number };

/** Bounds of a search: the fewest rows and errors of a slice, the most conditions, and how many are followed at once. */
export type SearchLimits = { rows: number; errors: number; conditions: number; beam: number; slices: number };

type Node = Candidate & { inside: Int32Array };

/** Of one column at most so many conditions are followed, that it doesn't crowd out the others. */
const perColumn = 3;

/**
 * Looks for the slices in which errors are most above what was expected, one after the other, each among the rows that the
 * ones before left: a beam over conjunctions, then each condition set anew with the others held, then those dropped that
 * don't pay for themselves. What a condition has to add grows with how many were tried. `breathe` lets others work.
 */
export async function searchSlices(
  columns: readonly CodedColumn[],
  field: Omit<Field, "errors" | "expected">,
  limits: SearchLimits,
  breathe: () => Promise<unknown>,
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  // Neighbouring ranges are nearly the same question, so ends count, not pairs of them.
  const tried = columns.reduce((sum, { bins }) => sum + bins, 1);
  const price = Math.log(tried);
  let { rows } = field;
  while (found.length < limits.slices) {
    const [errors, expected] = [sum(rows, field.happened), sum(rows, field.weight)];
    if (errors < limits.errors || expected <= 0) break;
    const all: Field = { ...field, rows, errors, expected };
    const best = await bestOf(columns, all, limits, price, breathe);
    // The first condition was chosen among all, each further one among as many.
    if (best === null || best.score < price * best.conditions.length + 3) break;
    const { inside, ...candidate } = best;
    found.push(candidate);
    const covered = new Set(inside);
    rows = rows.filter((row) => !covered.has(row));
  }
  return found;
}

const sum = (rows: Int32Array, values: ArrayLike<number>): number =>
  rows.reduce((total, row) => total + values[row]!, 0);

async function bestOf(
  columns: readonly CodedColumn[],
  field: Field,
  limits: SearchLimits,
  price: number,
  breathe: () => Promise<unknown>,
): Promise<Node | null> {
  const root: Node = { conditions: [], score: 0, errors: field.errors, rows: field.rows.length, inside: field.rows };
  let beam = [root];
  let best: Node | null = null;
  for (let depth = 1; depth <= limits.conditions; depth++) {
    const next = new Map<string, { parent: Node; column: number; found: Found; score: number }>();
    for (const parent of beam) {
      const used = new Set(parent.conditions.map(({ column }) => column));
      for (const [column, coded] of columns.entries()) {
        if (used.has(column)) continue;
        for (const found of scanColumn(coded, field, parent.inside, limits, perColumn)) {
          if (depth > 1 && found.score < parent.score + price) continue;
          const key = keyOf([...parent.conditions, { column, codes: found.codes }]);
          if (!next.has(key)) next.set(key, { parent, column, found, score: found.score });
        }
      }
      await breathe();
    }
    const ranked = [...next.values()].sort((a, b) => b.score - a.score);
    beam = spread(ranked, limits.beam).map(({ parent, column, found }) => extended(columns, parent, column, found));
    const [first] = beam;
    if (first && (best === null || first.score > best.score + (depth > 1 ? price : 0))) best = first;
    if (beam.length === 0) break;
  }
  return best && sharpened(columns, field, polished(columns, field, best, limits, price), limits);
}

/** The best few, at most three that end in the same column. */
function spread<T extends { column: number }>(ranked: readonly T[], most: number): T[] {
  const taken = new Map<number, number>();
  return ranked
    .filter(({ column }) => {
      const count = (taken.get(column) ?? 0) + 1;
      taken.set(column, count);
      return count <= perColumn * 2;
    })
    .slice(0, most);
}

const keyOf = (conditions: readonly CodeSet[]): string =>
  conditions
    .map(({ column, codes }) => `${column}:${codes.join(",")}`)
    .sort()
    .join(";");

const extended = (columns: readonly CodedColumn[], parent: Node, column: number, found: Found): Node => ({
  conditions: [...parent.conditions, { column, codes: found.codes }],
  ...{ score: found.score, errors: found.errors, rows: found.rows },
  inside: within(columns, parent.inside, { column, codes: found.codes }),
});

/** The rows of some that a condition takes. */
export function within(columns: readonly CodedColumn[], rows: Int32Array, one: CodeSet): Int32Array {
  const { column, codes, coded = columns[column]! } = one;
  const takes = new Uint8Array(coded.bins + 2);
  for (const code of spanned(coded, codes)) takes[code] = 1;
  return rows.filter((row) => takes[coded.codes[row]!] === 1);
}

/** Sets each condition anew while that helps, then drops the weakest while it adds less than its price. */
function polished(
  columns: readonly CodedColumn[],
  field: Field,
  node: Node,
  limits: SearchLimits,
  price: number,
): Node {
  let best = node;
  for (let round = 0, better = true; better && round < 5; round++) {
    better = false;
    for (const { column } of best.conditions) {
      const others = without(columns, field, best, column);
      const [found] = scanColumn(columns[column]!, field, others.inside, limits, 1);
      if (found && found.score > best.score + 1e-9) {
        best = extended(columns, others, column, found);
        better = true;
      }
    }
  }
  while (best.conditions.length > 1) {
    const shorter = best.conditions.map(({ column }) => scored(field, without(columns, field, best, column)));
    const strongest = shorter.reduce((a, b) => (b.score > a.score ? b : a));
    if (best.score >= strongest.score + price) break;
    best = strongest;
  }
  return best;
}

/** Says more exactly where each range begins and ends, by the rows that meet the other conditions. */
function sharpened(columns: readonly CodedColumn[], field: Field, node: Node, limits: SearchLimits): Node {
  let best = node;
  for (const { column } of node.conditions) {
    const { codes } = best.conditions.find((one) => one.column === column)!;
    const coarse = columns[column]!;
    if (coarse.type !== "number" || codes[0] === coarse.bins) continue;
    const others = without(columns, field, best, column);
    const coded = finer(coarse, [codes[0]!, codes.at(-1)!], others.inside);
    const [found] = scanColumn(coded, field, others.inside, limits, 1);
    if (!found || found.score <= best.score || found.codes[0] === coded.bins) continue;
    const set: CodeSet = { column, codes: found.codes, coded };
    const { score, errors, rows } = found;
    best = {
      conditions: [...others.conditions, set],
      score,
      errors,
      rows,
      inside: within(columns, others.inside, set),
    };
  }
  return best;
}

/** The node without its condition on a column; its score isn't known. */
function without(columns: readonly CodedColumn[], field: Field, node: Node, column: number): Node {
  const conditions = node.conditions.filter((one) => one.column !== column);
  const inside = conditions.reduce((rows, one) => within(columns, rows, one), field.rows);
  return { conditions, inside, score: 0, errors: 0, rows: inside.length };
}

const scored = (field: Field, node: Node): Node => {
  const errors = sum(node.inside, field.happened);
  return { ...node, errors, score: likelihoodRatio(errors, sum(node.inside, field.weight), field) };
};
