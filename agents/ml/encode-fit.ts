import { shuffled } from "@muster/shared/random.ts";
import { type Encoding, encode, encodeDesign, isMissing, rowsOf } from "./encode.ts";
import type { EncodedColumn } from "./fitted.ts";
import { baseline, type Labels } from "./labels.ts";
import type { FeatureColumn } from "./matrix.ts";

/** Up to this many categories get a column each; above, a target statistic (and columns for the most frequent). */
const oneHotCategories = 20;
const frequentCategories = 10;
/** Weight of the prior in a target statistic, in rows. */
const smoothing = 10;
const targetFolds = 5;
/** Categories that are handed to the engine as such, at most, each met at least so often. */
const nativeCategories = 255;
const rareBelow = 2;
/** Above this many classes a target statistic per class costs more than it tells; the most frequent classes get one. */
const targetClasses = 8;

/** An encoding fitted on training rows, and those rows' design matrix with target statistics out of fold. */
export type FittedEncoding<M> = { model: Encoding; matrix: M };

/**
 * Fits the encoding of a family on the training rows.
 * Numbers: NaN kept (trees), or imputed by the median, standardised, with an indicator of missing (linear).
 * Categories: a column for each category that isn't rare (a rare, unseen or missing one has zeros), an indicator of
 * missing; above 20 categories a smoothed target statistic (per class where there are more than two), out of fold on
 * the training rows so that no row sees its own label, the full statistic for others, the prior for unseen.
 * `native`: one column of codes instead, which the engine splits into sets; a rare, unseen or missing one has no code (NaN).
 */
export function fitEncoding(
  columns: FeatureColumn[],
  labels: Labels,
  family: "linear" | "trees",
  native = false,
): Encoding {
  const rows = rowsOf(columns);
  const encoding: EncodedColumn[] = [];
  const inputs: Encoding["inputs"] = [];
  for (const column of columns) {
    const input = inputs.length;
    const encoded =
      column.type === "category"
        ? native
          ? nativeColumn(column.values, input)
          : categoryColumns(column.values, labels, input)
        : numberColumns(column.values, family, input);
    if (encoded.length === 0) continue;
    if (encoded[0]!.op === "ordinal") {
      inputs.push({ name: column.name, type: column.type });
      encoding.push(...encoded);
      continue;
    }
    const missing = countMissing(column, rows);
    if (missing > 0 && missing < rows && (family === "linear" || column.type === "category"))
      encoded.push({ op: "missing", input });
    inputs.push({ name: column.name, type: column.type });
    encoding.push(...encoded);
  }
  return { inputs, encoding };
}

/** `fitEncoding` and the training rows' matrix in float32 with target statistics out of fold. */
export function fitTreeMatrix(columns: FeatureColumn[], labels: Labels, random: () => number, native = false) {
  const model = fitEncoding(columns, labels, "trees", native);
  const matrix = encode(model, columns);
  outOfFold(model, columns, labels, random, matrix.values);
  return { model, matrix };
}

/** `fitEncoding` and the training rows' design in float64 with target statistics out of fold. */
export function fitDesign(columns: FeatureColumn[], labels: Labels, random: () => number) {
  const model = fitEncoding(columns, labels, "linear");
  const design = encodeDesign(model, columns);
  outOfFold(model, columns, labels, random, design.values);
  return { model, design };
}

function countMissing(column: FeatureColumn, rows: number): number {
  let missing = 0;
  for (let row = 0; row < rows; row++) if (isMissing(column, row)) missing++;
  return missing;
}

function numberColumns(values: Float64Array, family: "linear" | "trees", input: number): EncodedColumn[] {
  if (family === "trees") return [{ op: "number", input, impute: null, mean: 0, scale: 1 }];
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  if (known.length === 0) return [];
  const impute = known[known.length >> 1]!;
  let mean = 0;
  for (const value of values) mean += (Number.isNaN(value) ? impute : value) / values.length;
  let variance = 0;
  for (const value of values) variance += ((Number.isNaN(value) ? impute : value) - mean) ** 2 / values.length;
  const scale = Math.sqrt(variance);
  // A column that doesn't vary on these rows would divide by nothing.
  return [{ op: "number", input, impute, mean, scale: scale > 1e-12 * Math.max(1, Math.abs(mean)) ? scale : 1 }];
}

/** The codes of the categories that are met at least twice, the most frequent first. */
function nativeColumn(values: string[], input: number): EncodedColumn[] {
  const { totals } = tally(values, () => 0, null, -1);
  const categories = [...totals]
    .filter(([, count]) => count >= rareBelow)
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, nativeCategories)
    .map(([category]) => category);
  return categories.length === 0 ? [] : [{ op: "ordinal", input, categories }];
}

function categoryColumns(values: string[], labels: Labels, input: number): EncodedColumn[] {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  const frequent = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const known = frequent.reduce((sum, [, count]) => sum + count, 0);
  if (frequent.length <= oneHotCategories) {
    const least = Math.max(Math.min(5, values.length / 20), values.length * 0.002);
    const kept = frequent.filter(([, count]) => count >= least).map(([category]) => category);
    // Of two categories without missing values one column says all; the rarer one's is kept.
    const told = frequent.length === 2 && kept.length === 2 && known === values.length ? kept.slice(1) : kept;
    return told.map((category) => ({ op: "one_hot", input, category }));
  }
  const top = frequent.slice(0, frequentCategories).filter(([, count]) => count >= values.length * 0.02);
  return [
    ...statistics(labels).map(({ of, prior }): EncodedColumn => {
      const { sums, totals } = tally(values, of, null, -1);
      const statistic = [...totals].map(
        ([category, n]) => [category, smoothed(sums.get(category)!, n, prior)] as const,
      );
      return { op: "target", input, values: Object.fromEntries(statistic), prior };
    }),
    ...top.map(([category]): EncodedColumn => ({ op: "one_hot", input, category })),
  ];
}

/** What a category is measured by: the label, or the share of a class. */
function statistics(labels: Labels): { of: (row: number) => number; prior: number }[] {
  const base = baseline(labels);
  if (labels.task === "regression") return [{ of: (row) => labels.values[row]!, prior: base[0]! }];
  const classes = labels.task === "binary" ? [1] : frequentClasses(base);
  return classes.map((k) => ({ of: (row) => (labels.values[row] === k ? 1 : 0), prior: base[k]! }));
}

const frequentClasses = (shares: number[]) =>
  shares
    .map((share, k) => ({ share, k }))
    .sort((a, b) => b.share - a.share || a.k - b.k)
    .slice(0, targetClasses)
    .map(({ k }) => k);

const smoothed = (sum: number, rows: number, prior: number) => (sum + smoothing * prior) / (rows + smoothing);

function tally(values: string[], of: (row: number) => number, folds: Uint8Array | null, only: number) {
  const sums = new Map<string, number>();
  const totals = new Map<string, number>();
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (value === "" || (folds && folds[row] !== only)) continue;
    sums.set(value, (sums.get(value) ?? 0) + of(row));
    totals.set(value, (totals.get(value) ?? 0) + 1);
  }
  return { sums, totals };
}

/** The fold of each training row in which its label counts for no statistic of its own. */
export function targetFoldsOf(rows: number, random: () => number): Uint8Array {
  const folds = new Uint8Array(rows);
  for (const [i, row] of shuffled(rows, random).entries()) folds[row] = i % targetFolds;
  return folds;
}

/**
 * Target statistics of a category column's training rows: for each statistic (in the order of its `target` columns) and fold
 * the statistic of every category over the other folds' rows.
 */
export function outOfFoldTables(values: string[], labels: Labels, folds: Uint8Array): Map<string, number>[][] {
  return statistics(labels).map(({ of, prior }) => {
    const all = tally(values, of, null, -1);
    return Array.from({ length: targetFolds }, (_, fold) => {
      const own = tally(values, of, folds, fold);
      const table = new Map<string, number>();
      for (const [value, n] of own.totals)
        table.set(value, smoothed(all.sums.get(value)! - own.sums.get(value)!, all.totals.get(value)! - n, prior));
      return table;
    });
  });
}

/** Replaces the target statistics of the training rows by those of the other folds. */
function outOfFold(
  model: Encoding,
  columns: FeatureColumn[],
  labels: Labels,
  random: () => number,
  out: Float32Array | Float64Array,
): void {
  const targets = model.encoding.flatMap((encoded, at) => (encoded.op === "target" ? [{ encoded, at }] : []));
  if (targets.length === 0) return;
  const rows = labels.values.length;
  const folds = targetFoldsOf(rows, random);
  const byName = new Map(columns.map((column) => [column.name, column]));
  for (const input of new Set(targets.map(({ encoded }) => encoded.input))) {
    const { values } = byName.get(model.inputs[input]!.name)! as { values: string[] };
    const tables = outOfFoldTables(values, labels, folds);
    const places = targets.filter(({ encoded }) => encoded.input === input).map(({ at }) => at);
    for (let row = 0; row < rows; row++) {
      const value = values[row]!;
      if (value === "") continue;
      for (const [nth, at] of places.entries())
        out[row * model.encoding.length + at] = tables[nth]![folds[row]!]!.get(value)!;
    }
  }
}
