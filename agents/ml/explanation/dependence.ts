import type { Dependence } from "@muster/shared/domain/model-explanation.ts";
import { quantile } from "@muster/shared/stats/quantile.ts";
import { sorted } from "@muster/shared/stats/sort.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";

/** Places on a number's range, between its 5 % and its 95 % quantile. */
const places = 10;
const mostCategories = 10;
/** A category of fewer rows isn't named: it could be somebody's. */
const fewestRows = 20;

/**
 * Partial dependence (Friedman 2001) of one feature over the given rows, each value put in place of all rows' own. Where
 * features go together it also asks about rows that don't exist. Costs at most ten times as many answers as rows.
 */
export function partialDependence(model: FittedModel, rows: FeatureColumn[], feature: string): Dependence {
  const at = rows.findIndex(({ name }) => name === feature);
  const column = rows[at]!;
  const mean = (same: FeatureColumn): number[] => {
    const { probabilities, values } = predictFitted(model, rows.with(at, same));
    const outputs = values ? [values] : probabilities.length === 2 ? [probabilities[1]!] : probabilities;
    return outputs.map((output) => output.reduce((sum, p) => sum + p, 0) / output.length);
  };
  if (column.type === "category")
    return {
      feature,
      points: usual(column.values).map((value) => ({
        at: value,
        mean: mean({ ...column, values: column.values.map(() => value) }),
      })),
    };
  return {
    feature,
    points: grid(column.values).map((value) => ({
      at: value,
      mean: mean({ ...column, values: new Float64Array(column.values.length).fill(value) }),
    })),
  };
}

/** The most frequent categories that at least 20 rows have, most frequent first. */
function usual(values: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= fewestRows)
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, mostCategories)
    .map(([value]) => value);
}

function grid(values: Float64Array): number[] {
  const known = sorted(values.filter((value) => !Number.isNaN(value)));
  if (known.length < fewestRows) return [];
  const steps = Array.from({ length: places }, (_, i) => quantile(known, 0.05 + (0.9 * i) / (places - 1)));
  return [...new Set(steps)];
}
