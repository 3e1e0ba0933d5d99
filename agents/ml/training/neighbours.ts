import { ranks } from "@muster/shared/stats/correlation.ts";
import { r2, rocAuc } from "@muster/shared/stats/metrics.ts";
import { classCounts, type Labels } from "../labels.ts";
import type { FeatureColumn } from "../matrix.ts";

/** Neighbours that are asked about a row. */
const asked = 10;

/**
 * How much the labels of a row's 10 nearest rows tell of its own, 0 (nothing) to 1 (all): of amounts R², of classes
 * 2 · AUC − 1 (the mean over classes against the rest). A low value says that the label is noisy, or that few of many
 * columns matter; nothing is fitted. Distance (Gower 1971): the mean over columns of the difference in rank as a share of
 * all rows, or 1 for another category; where one side is missing 1, where both are 0. Time grows with rows² × columns: pass a sample.
 * 0 where there are too few rows or one class alone.
 */
export function neighbourSignal(columns: FeatureColumn[], labels: Labels): number {
  const rows = labels.values.length;
  if (rows <= 2 * asked || columns.length === 0) return 0;
  const told = meansOfNearest(columns.map(placesOf), targetsOf(labels));
  if (labels.task === "regression") {
    const constant = labels.values.every((value) => value === labels.values[0]);
    return constant ? 0 : share(r2(labels.values, told[0]!));
  }
  const counts = classCounts(labels);
  const areas = told.flatMap((scores, at) => {
    const k = labels.task === "binary" ? 1 : at;
    const own = labels.values.map((label) => Number(label === k));
    return counts[k] === 0 || counts[k] === rows ? [] : [rocAuc(own, scores)];
  });
  return areas.length === 0 ? 0 : share(2 * (areas.reduce((sum, area) => sum + area, 0) / areas.length) - 1);
}

const share = (value: number): number => Math.min(1, Math.max(0, value));

/** What a neighbour says: the amount, or of each class whether it has it (of two classes one is enough). */
function targetsOf({ task, classes, values }: Labels): Float64Array[] {
  if (task === "regression") return [values];
  const asked = task === "binary" ? [1] : classes.map((_, k) => k);
  return asked.map((k) => values.map((label) => Number(label === k)));
}

type Places = { kind: "number" | "category"; at: Float64Array };

/** Where each row stands in a column: its rank as a share of the rows, or its category's number; NaN where missing. */
function placesOf(column: FeatureColumn): Places {
  if (column.type === "category") {
    const numbers = new Map([["", Number.NaN]]);
    const at = Float64Array.from(column.values, (value) => {
      if (!numbers.has(value)) numbers.set(value, numbers.size);
      return numbers.get(value)!;
    });
    return { kind: "category", at };
  }
  const known = column.values.filter((value) => !Number.isNaN(value));
  const ranked = ranks(known);
  let next = 0;
  const at = column.values.map((value) => (Number.isNaN(value) ? Number.NaN : ranked[next++]! / known.length));
  return { kind: "number", at };
}

function distance(columns: readonly Places[], a: number, b: number): number {
  let sum = 0;
  for (const { kind, at } of columns) {
    const x = at[a]!;
    const y = at[b]!;
    if (Number.isNaN(x) || Number.isNaN(y)) sum += Number.isNaN(x) === Number.isNaN(y) ? 0 : 1;
    else sum += kind === "number" ? Math.abs(x - y) : Number(x !== y);
  }
  return sum;
}

/** The mean of each target over every row's nearest rows, itself left out; of equally near ones the earlier. */
function meansOfNearest(columns: readonly Places[], targets: readonly Float64Array[]): Float64Array[] {
  const rows = targets[0]!.length;
  const means = targets.map(() => new Float64Array(rows));
  for (let row = 0; row < rows; row++) {
    const nearest: { row: number; away: number }[] = [];
    for (let other = 0; other < rows; other++) {
      if (other === row) continue;
      const away = distance(columns, row, other);
      if (nearest.length === asked && away >= nearest[asked - 1]!.away) continue;
      const place = nearest.findIndex((one) => away < one.away);
      nearest.splice(place === -1 ? nearest.length : place, 0, { row: other, away });
      if (nearest.length > asked) nearest.pop();
    }
    for (const [t, target] of targets.entries())
      means[t]![row] = nearest.reduce((sum, one) => sum + target[one.row]!, 0) / nearest.length;
  }
  return means;
}
