import { fault } from "@muster/shared/fault.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import type { FittedModel } from "./fitted.ts";
import type { FeatureColumn } from "./matrix.ts";
import type { Contributions } from "./tree-shap.ts";

/**
 * From design columns to what people know: `featureOf[c]` is the feature of design column c, `columnsOf[feature]` the raw
 * columns that it is computed from (itself where it is a raw column).
 */
export type ColumnMap = { featureOf: string[]; columnsOf: Record<string, string[]> };

/** The map of a fitted model; features that `columnsOf` doesn't name are raw columns. */
export function columnMap(model: FittedModel, columnsOf: Record<string, string[]>): ColumnMap {
  const featureOf = model.encoding.map((column) => model.inputs[column.input]!.name);
  return {
    featureOf,
    columnsOf: Object.fromEntries(featureOf.map((name) => [name, columnsOf[name] ?? [name]])),
  };
}

/** A share of the whole, 0..1. */
export type Importance = { name: string; importance: number };

/**
 * Global importance: the mean absolute contribution (summed over a row's design columns first, then over the outputs) as a
 * share, for raw columns and for features; each list adds to 1 and falls. A feature of several raw columns counts for
 * each in equal parts. All 0 where the model uses nothing.
 */
export function globalImportance(
  outputs: Contributions[],
  map: ColumnMap,
): { columns: Importance[]; features: Importance[] } {
  const features = [...new Set(map.featureOf)];
  const columns = [...new Set(features.flatMap((feature) => columnsOf(map, feature)))];
  const parts = features.map((feature) => ({
    to: columnsOf(map, feature).map((column) => columns.indexOf(column)),
    share: 1 / columnsOf(map, feature).length,
  }));
  const byColumn = new Float64Array(columns.length);
  const byFeature = new Float64Array(features.length);
  const rowColumns = new Float64Array(columns.length);
  eachRow(outputs, map, features, (sums) => {
    rowColumns.fill(0);
    sums.forEach((sum, f) => {
      byFeature[f]! += Math.abs(sum);
      for (const column of parts[f]!.to) rowColumns[column]! += sum * parts[f]!.share;
    });
    rowColumns.forEach((sum, c) => {
      byColumn[c]! += Math.abs(sum);
    });
  });
  return { columns: shares(columns, byColumn), features: shares(features, byFeature) };
}

function shares(names: string[], sums: Float64Array): Importance[] {
  const total = sums.reduce((a, b) => a + b, 0);
  return names
    .map((name, i) => ({ name, importance: total === 0 ? 0 : sums[i]! / total }))
    .sort((a, b) => b.importance - a.importance || (a.name < b.name ? -1 : 1));
}

const columnsOf = (map: ColumnMap, feature: string): string[] => {
  const columns = map.columnsOf[feature];
  if (!columns || columns.length === 0) throw fault("internal", `feature ${feature} has no raw column in the map`);
  return columns;
};

/** The contributions of each row, output by output, summed to features; the array is reused. */
function eachRow(
  outputs: Contributions[],
  map: ColumnMap,
  features: string[],
  visit: (sums: Float64Array, row: number, output: number) => void,
): void {
  const place = map.featureOf.map((feature) => features.indexOf(feature));
  const sums = new Float64Array(features.length);
  outputs.forEach(({ rows, columns, values }, output) => {
    if (columns !== place.length) throw fault("internal", "the map and the contributions differ in design columns");
    for (let row = 0; row < rows; row++) {
      sums.fill(0);
      for (let c = 0; c < columns; c++) sums[place[c]!]! += values[row * columns + c]!;
      visit(sums, row, output);
    }
  });
}

/**
 * Why a row's score is what it is, in data: the feature and its raw columns, what it adds to the margin, the row's value
 * beside the typical one (null: missing). An association in what the model learned, not a cause.
 */
export type Reason = {
  feature: string;
  columns: string[];
  contribution: number;
  relation: "associated with";
  direction: "higher" | "lower";
  value: number | string | null;
  typical: number | string | null;
};

/**
 * The strongest reasons of each row for one output, by absolute contribution; at most `top`, none without a contribution.
 * `features` are the rows' feature values; `typical` comes from the training rows (see `typicalValues`).
 */
export function topReasons(
  output: Contributions,
  map: ColumnMap,
  features: FeatureColumn[],
  typical: Record<string, number | string | null>,
  top = 3,
): Reason[][] {
  const names = [...new Set(map.featureOf)];
  const columns = names.map((name) => {
    const column = features.find((f) => f.name === name);
    if (!column || column.values.length !== output.rows) {
      throw fault("internal", `feature ${name} has no values for the explained rows`);
    }
    return column;
  });
  const reasons: Reason[][] = [];
  eachRow([output], map, names, (sums, row) => {
    const order = names.map((_, f) => f).sort((a, b) => Math.abs(sums[b]!) - Math.abs(sums[a]!) || a - b);
    const strongest = order.slice(0, top).filter((f) => sums[f] !== 0);
    reasons.push(
      strongest.map((f) => ({
        feature: names[f]!,
        columns: columnsOf(map, names[f]!),
        contribution: sums[f]!,
        relation: "associated with",
        direction: sums[f]! > 0 ? "higher" : "lower",
        value: cellOf(columns[f]!, row),
        typical: typical[names[f]!] ?? null,
      })),
    );
  });
  return reasons;
}

function cellOf(column: FeatureColumn, row: number): number | string | null {
  const value = column.values[row]!;
  return value === "" || Number.isNaN(value) ? null : value;
}

/** The typical value of each feature over the given (training) rows: the median of numbers, the most frequent category; null where all are missing. */
export function typicalValues(features: FeatureColumn[]): Record<string, number | string | null> {
  return Object.fromEntries(features.map((column) => [column.name, typicalOf(column)]));
}

function typicalOf(column: FeatureColumn): number | string | null {
  if (column.type === "number") {
    const known = sorted(column.values.filter((v) => !Number.isNaN(v)));
    return known.length === 0 ? null : quantile(known, 0.5);
  }
  const counts = new Map<string, number>();
  for (const value of column.values) if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  let most: string | null = null;
  for (const [value, n] of counts) {
    const best = most === null ? 0 : counts.get(most)!;
    if (n > best || (n === best && most !== null && value < most)) most = value;
  }
  return most;
}

/**
 * Checks that bias and contributions of every row add up to its uncalibrated margin, to `tolerance` (1e-4) relative to
 * max(1, |margin|); gives the largest difference. `internal` where they don't: then the explanation isn't of this model.
 */
export function checkSums(output: Contributions, margins: ArrayLike<number>, tolerance = 1e-4): number {
  if (margins.length !== output.rows) throw fault("internal", "margins and contributions differ in rows");
  let worst = 0;
  for (let row = 0; row < output.rows; row++) {
    let sum = output.bias;
    for (let c = 0; c < output.columns; c++) sum += output.values[row * output.columns + c]!;
    worst = Math.max(worst, Math.abs(sum - margins[row]!) / Math.max(1, Math.abs(margins[row]!)));
    // NaN would pass every comparison.
    if (!(worst <= tolerance)) {
      throw fault("internal", "the contributions don't add up to the model's margin; the explanation is withheld", {
        row,
        difference: worst,
      });
    }
  }
  return worst;
}
