import { shuffled } from "@muster/shared/random.ts";
import { rmse, rocAuc } from "@muster/shared/stats/metrics.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import { isMissing, takeRows } from "../encode.ts";
import { type Labels, takeLabels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { DroppedColumn } from "./job.ts";

/** Above this share of missing values a column is nearly empty. */
const emptyShare = 0.99;
/** A category whose share of distinct values reaches this is an id. */
const idShare = 0.95;
/** A column that alone tells the label apart this well (out of fold) knows it already. */
const leakingAuc = 0.995;
const leakingR2 = 0.995;
/** Rows that the leak test looks at, at most. */
const leakRows = 50_000;
const leakFolds = 5;
/** Bins of about ten rows: enough to follow any curve of one column. */
const binRows = 10;
const leastBins = 64;

/**
 * Columns that must not be trained on, each with the number that shows it, and the others.
 * Constant; nearly empty (≥ 99 % missing); id-like (almost every value distinct: a category, or whole numbers that
 * run through, or are all distinct under a name that ends in id, key, code or number); leaking (alone, out of fold, in fine
 * bins: an area under the ROC curve ≥ 0.995 for some class, or R² ≥ 0.995) unless it is in `mayTell`. Training rows only.
 */
export function auditColumns(
  columns: FeatureColumn[],
  labels: Labels,
  random: () => number,
  mayTell: ReadonlySet<string> = new Set(),
) {
  const order = shuffled(labels.values.length, random).subarray(0, leakRows);
  const fold = Int32Array.from(order, (_, i) => i % leakFolds);
  const some = takeLabels(labels, order);
  const dropped: DroppedColumn[] = [];
  const kept = columns.filter((column) => {
    const told = () => (mayTell.has(column.name) ? null : leaking(takeRows([column], order)[0]!, some, fold));
    const found = emptyOrIdLike(column) ?? told();
    if (found) dropped.push({ column: column.name, ...found });
    return !found;
  });
  return { kept, dropped };
}

type Found = Omit<DroppedColumn, "column">;

function emptyOrIdLike(column: FeatureColumn): Found | null {
  const rows = column.values.length;
  let missing = 0;
  const distinct = new Set<number | string>();
  for (let row = 0; row < rows; row++) {
    if (isMissing(column, row)) missing++;
    else distinct.add(column.values[row]!);
  }
  const value = distinct.size;
  if (value === 0 || (value === 1 && missing === 0))
    return {
      reason: "constant",
      value,
      message: value === 0 ? "every value is missing" : "every row has the same value",
    };
  if (missing / rows >= emptyShare)
    return {
      reason: "nearly_empty",
      value: missing / rows,
      message: `${percent(missing / rows)} of the rows are missing`,
    };
  const known = rows - missing;
  const share = value / known;
  if (known >= 50 && share >= idShare && (column.type === "category" || countsThrough(column, distinct)))
    return { reason: "id_like", value: share, message: `${percent(share)} of the values are distinct: it names rows` };
  return null;
}

/** Whole numbers, all distinct, that fill their range at least half (a running number), or are named like a key. */
function countsThrough({ name }: FeatureColumn, distinct: Set<number | string>): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of distinct) {
    if (typeof value !== "number" || !Number.isInteger(value)) return false;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return (
    distinct.size / (high - low + 1) >= 0.5 ||
    /(^|[_\s.:-])(id|key|code|number|no|nr|uuid)$|[a-z](ID|Id|Key)$/i.test(name)
  );
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function leaking(column: FeatureColumn, labels: Labels, fold: Int32Array): Found | null {
  const bin = column.type === "number" ? numberBins(column.values) : categoryBins(column.values);
  if (labels.task === "regression") {
    const spread = deviation(labels.values);
    if (spread === 0) return null;
    const binned = 1 - (rmse(labels.values, outOfFoldMeans(bin, labels.values, fold)) / spread) ** 2;
    // Bins are coarse in the tails; a straight copy needs none.
    const value = Math.max(binned, column.type === "number" ? straightR2(column.values, labels.values) : 0);
    if (value < leakingR2) return null;
    return {
      reason: "leaking",
      value,
      message: `alone it explains ${percent(value)} of the label's variance: it knows the answer`,
    };
  }
  const classes = labels.task === "binary" ? [1] : labels.classes.map((_, k) => k);
  let value = 0;
  for (const k of classes) {
    const own = labels.values.map((label) => (label === k ? 1 : 0));
    const positives = own.reduce((sum, y) => sum + y, 0);
    // Too few rows of a class to tell a leak from luck.
    if (positives < 10 || own.length - positives < 10) continue;
    value = Math.max(value, rocAuc(own, outOfFoldMeans(bin, own, fold)));
  }
  if (value < leakingAuc) return null;
  const message = `alone it has an area under the ROC curve of ${value.toFixed(4)}: it knows the answer`;
  return { reason: "leaking", value, message };
}

/** The squared correlation of a column with the label; 0 where a value is missing. */
function straightR2(x: Float64Array, y: Float64Array): number {
  const spread = deviation(x) * deviation(y);
  if (!(spread > 0)) return 0;
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  return (x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0) / x.length / spread) ** 2;
}

/** The bin of each value: equal-frequency over the distinct values, one more for missing. */
function numberBins(values: Float64Array): Int32Array {
  const known = sorted(values.filter((value) => !Number.isNaN(value)));
  const cuts = new Set<number>();
  const bins = Math.max(leastBins, Math.floor(known.length / binRows));
  for (let b = 1; b < bins; b++) cuts.add(known[Math.floor((b * known.length) / bins)]!);
  const edges = Float64Array.from(cuts).sort();
  return Int32Array.from(values, (value) => {
    if (Number.isNaN(value)) return edges.length + 1;
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (edges[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

function categoryBins(values: string[]): Int32Array {
  const index = new Map<string, number>();
  return Int32Array.from(values, (value) => {
    const known = index.get(value) ?? index.size;
    index.set(value, known);
    return known;
  });
}

/** For each row the mean label of its bin over the other folds, one row of the overall mean added. */
function outOfFoldMeans(bin: Int32Array, labels: Float64Array, fold: Int32Array): Float64Array {
  const count = bin.reduce((top, b) => Math.max(top, b), 0) + 1;
  const sums = new Float64Array(count * leakFolds);
  const totals = new Float64Array(count * leakFolds);
  for (let row = 0; row < bin.length; row++) {
    sums[bin[row]! * leakFolds + fold[row]!]! += labels[row]!;
    totals[bin[row]! * leakFolds + fold[row]!]! += 1;
  }
  const mean = labels.reduce((sum, y) => sum + y, 0) / labels.length;
  return Float64Array.from(bin, (b, row) => {
    let sum = mean;
    let total = 1;
    for (let f = 0; f < leakFolds; f++) {
      if (f === fold[row]) continue;
      sum += sums[b * leakFolds + f]!;
      total += totals[b * leakFolds + f]!;
    }
    return sum / total;
  });
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, y) => sum + y, 0) / values.length;
  return Math.sqrt(values.reduce((sum, y) => sum + (y - mean) ** 2, 0) / values.length);
}
