import type { FeatureView } from "@muster/shared/domain/feature.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { isAhead, isOwnRow, isRelated, ownColumns } from "@muster/shared/features/kinds.ts";

/**
 * Holds the features to be trained on to the clearance shown: every column whose values they are made of may be a
 * feature. `denied` names the first that may not.
 */
export function checkTrainable(view: FeatureView, cleared: FactValue<"training.cleared">): void {
  for (const feature of view.features) {
    const series = isAhead(feature) && feature.column !== null ? [feature.column] : [];
    const own = isOwnRow(feature) || feature.kind === "target_mean" ? ownColumns(feature) : series;
    const column =
      isRelated(feature) && "column" in feature && feature.column ? [`${feature.table}.${feature.column}`] : [];
    const where = "where" in feature && feature.where ? [`${feature.table}.${feature.where.column}`] : [];
    for (const name of [...own.map((name) => `${view.dataset}.${name}`), ...column, ...where])
      if (cleared.columns[name]?.role !== "feature")
        throw fault("denied", `feature ${feature.name} reads ${name}, which isn't cleared for training; ask again`, {
          ...{ feature: feature.name, column: name },
        });
  }
}
