import type { FeatureView } from "@muster/shared/domain/feature.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { fault } from "@muster/shared/fault.ts";
import { isAhead, isOwnRow, labelKey, ownColumns, readsLabels } from "@muster/shared/features/kinds.ts";

type Cleared = FactValue<"training.cleared">;

/**
 * Holds a view to its clearance: every column whose values become a feature has the role `feature`; keys and times are
 * read only to join and to know when, and labels only by the kinds that know when they were known. `denied` names the
 * first that isn't.
 */
export function checkCleared(view: FeatureView, cleared: Cleared): void {
  const demand = (
    dataset: string,
    column: string,
    feature: string,
    roles: (entry: Cleared["columns"][string]) => boolean,
  ) => {
    const name = `${dataset}.${column}`;
    const entry = cleared.columns[name];
    if (!entry || !roles(entry))
      throw fault(
        "denied",
        `feature ${feature} reads ${name}, which is cleared ${entry ? `only as ${entry.role}` : "for nothing"}: ${entry?.reason ?? "no clearance names it"}`,
        { feature, column: name },
      );
  };
  for (const feature of view.features) {
    if (isOwnRow(feature)) {
      for (const column of ownColumns(feature))
        demand(view.dataset, column, feature.name, (entry) => entry.role === "feature");
      continue;
    }
    if (isAhead(feature)) {
      if (feature.column !== null)
        demand(view.dataset, feature.column, feature.name, (entry) => entry.role === "feature");
      continue;
    }
    const joins = (entry: Cleared["columns"][string]) => entry.role === "key" || entry.role === "feature";
    if (readsLabels(feature)) {
      // A category whose mean is taken is learned from like the category itself.
      demand(view.dataset, labelKey(feature), feature.name, (entry) =>
        feature.kind === "label_rate" ? joins(entry) : entry.role === "feature",
      );
      continue;
    }
    demand(feature.table, feature.key, feature.name, joins);
    demand(view.dataset, feature.localKey, feature.name, joins);
    if (feature.via) {
      demand(feature.via.table, feature.via.key, feature.name, joins);
      demand(feature.via.table, feature.via.column, feature.name, joins);
    }
    if ("order" in feature && feature.order)
      demand(feature.table, feature.order, feature.name, (entry) => entry.use === "time" || joins(entry));
    if ("time" in feature && feature.time)
      demand(feature.table, feature.time, feature.name, (entry) => entry.use === "time" || entry.role === "feature");
    if ("arrived" in feature && feature.arrived)
      demand(feature.table, feature.arrived, feature.name, (entry) => entry.use === "time" || entry.role === "feature");
    if ("column" in feature && feature.column)
      demand(feature.table, feature.column, feature.name, (entry) => entry.role === "feature");
    if ("filledBy" in feature && feature.filledBy)
      demand(
        feature.table,
        feature.filledBy,
        feature.name,
        (entry) => entry.use === "time" || entry.role === "feature",
      );
    if ("where" in feature && feature.where)
      demand(feature.table, feature.where.column, feature.name, (entry) => entry.role === "feature");
  }
}
