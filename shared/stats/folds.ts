import { fault } from "@muster/shared/fault.ts";
import { shuffled } from "@muster/shared/random.ts";
import { rowsWhere } from "./rows-where.ts";
import { sorted } from "./sort.ts";

function checkFolds(k: number, available: number, what: string, least = 2): void {
  if (!Number.isInteger(k) || k < least)
    throw fault("invalid_input", `${k} folds; ask for a whole number of at least ${least}`);
  if (available < k) throw fault("unfit", `${available} ${what} can't fill ${k} folds; ask for fewer folds`);
}

/**
 * The fold (0..k−1) of each row, every class spread evenly: its counts differ by at most one between folds,
 * and so do the sizes of the folds. A class of fewer than k rows is missing from some folds.
 */
export function stratifiedFolds(labels: ArrayLike<number>, k: number, random: () => number): Int32Array {
  checkFolds(k, labels.length, "rows");
  const counts = new Map<number, number>();
  for (let row = 0; row < labels.length; row++) counts.set(labels[row]!, (counts.get(labels[row]!) ?? 0) + 1);
  const order = [...counts.keys()].sort((a, b) => a - b);
  // Rows of each class, in the shuffled order.
  const byClass = new Map(order.map((label) => [label, { rows: new Int32Array(counts.get(label)!), filled: 0 }]));
  for (const row of shuffled(labels.length, random)) {
    const own = byClass.get(labels[row]!)!;
    own.rows[own.filled++] = row;
  }
  const folds = new Int32Array(labels.length);
  // Dealing goes on from class to class, so that the remainders don't all land in the first folds.
  let next = 0;
  for (const label of order) {
    for (const row of byClass.get(label)!.rows) folds[row] = next++ % k;
  }
  return folds;
}

/**
 * The fold (0..k−1) of each row, all rows of a group in one fold.
 * Largest groups first, each to the fold where it leaves the classes (with `labels`: class indices) or the sizes
 * (without: null) most even; ties are settled by the seeded order. `unfit` where there are fewer groups than folds.
 */
export function groupedFolds(
  groups: ArrayLike<string | number>,
  labels: ArrayLike<number> | null,
  k: number,
  random: () => number,
): Int32Array {
  const rowsOf = new Map<string | number, number[]>();
  for (let i = 0; i < groups.length; i++) {
    const rows = rowsOf.get(groups[i]!);
    if (rows) rows.push(i);
    else rowsOf.set(groups[i]!, [i]);
  }
  checkFolds(k, rowsOf.size, "groups");
  const classes = new Map<number, number>();
  const classOf = (row: number) => {
    const label = labels === null ? 0 : labels[row]!;
    let index = classes.get(label);
    if (index === undefined) {
      index = classes.size;
      classes.set(label, index);
    }
    return index;
  };
  const members = [...rowsOf.values()];
  const memberClasses = members.map((rows) => rows.map(classOf));
  const totals = new Float64Array(classes.size);
  for (const list of memberClasses) for (const c of list) totals[c]! += 1;

  const order = Array.from(shuffled(members.length, random)).sort((a, b) => members[b]!.length - members[a]!.length);
  const filled = Array.from({ length: k }, () => new Float64Array(classes.size));
  const filledRows = new Float64Array(k);
  const folds = new Int32Array(groups.length);
  for (const g of order) {
    const counts = new Map<number, number>();
    for (const c of memberClasses[g]!) counts.set(c, (counts.get(c) ?? 0) + 1);
    let best = 0;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let f = 0; f < k; f++) {
      // The growth of Σ (share of the class)²: least where the classes of this group are rarest so far.
      let cost = 0;
      for (const [c, n] of counts) cost += (n / totals[c]!) ** 2 + (2 * n * filled[f]![c]!) / totals[c]! ** 2;
      const cheaper = cost < bestCost - 1e-12;
      if (cheaper || (cost < bestCost + 1e-12 && filledRows[f]! < filledRows[best]!)) {
        best = f;
        bestCost = cost;
      }
    }
    for (const [c, n] of counts) filled[best]![c]! += n;
    filledRows[best]! += members[g]!.length;
    for (const row of members[g]!) folds[row] = best;
  }
  return folds;
}

/**
 * Forward chaining: k folds over k + 1 blocks of time with about equal rows; fold i trains on blocks 0..i and
 * validates on block i + 1. Rows of one time are never on both sides. Rows come as indices in ascending order.
 * `from`: the first time that may be validated on; the rows before it then are the first block, whatever their number.
 * `known`: when the label of each row is known. A fold trains on rows alone whose label is known at the first moment that it
 * validates on (purged: López de Prado 2018, Advances in Financial Machine Learning, 7.4).
 * `unfit` where there are fewer than k + 1 distinct times (k from `from` on), `invalid_input` where a time is missing (NaN).
 */
export function timeFolds(
  times: Float64Array,
  k: number,
  { from = Number.NEGATIVE_INFINITY, known = null }: { from?: number; known?: Float64Array | null } = {},
): { train: Int32Array; valid: Int32Array }[] {
  const ordered = sorted(times);
  const starts: number[] = [];
  for (let i = 0; i < ordered.length; i++) if (i === 0 || ordered[i]! > ordered[i - 1]!) starts.push(i);
  const first = Math.max(
    1,
    starts.findIndex((start) => ordered[start]! >= from),
  );
  const free = from === Number.NEGATIVE_INFINITY;
  checkFolds(k, starts.length - first, "steps in time", 1);
  const base = starts[first]!;
  // The row at which block j + 1 should begin: equal shares of all rows, or of those from the first time on.
  const target = (j: number) =>
    free ? (j * ordered.length) / (k + 1) : base + ((j - 1) * (ordered.length - base)) / k;
  // cuts[j]: the first time of block j + 1, at the change of time nearest to its share that leaves enough for the rest.
  const cuts: number[] = [];
  let at = first - 1;
  for (let j = 1; j <= k; j++) {
    const last = starts.length - 1 - (k - j);
    at++;
    while (at < last && Math.abs(starts[at + 1]! - target(j)) <= Math.abs(starts[at]! - target(j))) at++;
    cuts.push(ordered[starts[at]!]!);
  }
  return cuts.map((start, j) => {
    const end = cuts[j + 1] ?? Number.POSITIVE_INFINITY;
    return {
      train: rowsWhere(times.length, (row) => times[row]! < start && (known === null || known[row]! <= start)),
      valid: rowsWhere(times.length, (row) => times[row]! >= start && (times[row]! < end || end === Infinity)),
    };
  });
}
