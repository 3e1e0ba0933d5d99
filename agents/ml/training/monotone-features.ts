import type { Feature, FeatureView } from "@muster/shared/domain/feature.ts";
import type { Dropped } from "@muster/shared/domain/model.ts";
import { isOwnRow, isRelated, ownColumns, relatedValues, valueType } from "@muster/shared/features/kinds.ts";
import type { TrainOptions } from "./job.ts";

/** Constraints by feature, and the features that can't be trained on beside them. */
export type MonotoneFeatures = { monotone: TrainOptions["monotone"]; left: Dropped[] };

/**
 * Constraints asked for by raw column or feature, as constraints on features. A raw column's hold for every feature that
 * follows it in one direction (the column itself, its logarithm, its bin, a difference); a feature that mixes it in another
 * way (a ratio, a window that the own row is in) would undo them and is left out, with that reason. A name that is of
 * neither is passed on and refused where the training file is known.
 */
export function monotoneFeatures(
  asked: TrainOptions["monotone"],
  { dataset, features }: Pick<FeatureView, "dataset" | "features">,
): MonotoneFeatures {
  const monotone: TrainOptions["monotone"] = {};
  const left: Dropped[] = [];
  for (const [name, direction] of Object.entries(asked)) {
    const named = features.find((feature) => feature.name === name);
    const raw = named === undefined || (named.kind === "column" && named.column === name);
    const readers = raw ? features.filter((feature) => reads(feature, name, dataset)) : [];
    if (readers.length === 0) monotone[name] = direction;
    for (const feature of readers) {
      const way = wayOf(feature, name);
      if (way === null)
        left.push({
          name: feature.name,
          reason: `mixes in ${name}, which may only ${direction > 0 ? "raise" : "lower"} the answer; constrain the feature itself to keep it`,
          number: null,
        });
      else if (way !== 0) monotone[feature.name] = way > 0 ? direction : (-direction as 1 | -1);
    }
  }
  return { monotone, left };
}

const reads = (feature: Feature, column: string, dataset: string): boolean =>
  isRelated(feature)
    ? feature.table === dataset && relatedValues(feature).includes(column)
    : ownColumns(feature).includes(column);

/** The way a feature goes with a column: with it, against it, not at all (0), or now so, now so (null). */
function wayOf(feature: Feature, column: string): 1 | -1 | 0 | null {
  if (!isOwnRow(feature)) return null;
  switch (feature.kind) {
    case "column":
      // A category has no order: the name is passed on, to be refused.
      return valueType(feature) === "number" || feature.name === column ? 1 : null;
    case "log":
    case "bin":
      return 1;
    case "is_missing":
      return 0;
    case "age_days":
      return feature.at === column ? 1 : -1;
    case "difference":
      return feature.left === feature.right ? 0 : feature.left === column ? 1 : -1;
    default:
      return null;
  }
}
