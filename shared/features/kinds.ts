import type { ColumnType } from "../domain/dataset.ts";
import type { Feature, FeatureValueType } from "../domain/feature.ts";

/** A feature whose value comes from the entity's own row alone. */
export type OwnRowFeature = Extract<
  Feature,
  {
    kind:
      | "column"
      | "date_part"
      | "age_days"
      | "ratio"
      | "difference"
      | "log"
      | "text_length"
      | "text_words"
      | "is_missing";
  }
>;
/** A feature that reads rows of another table. */
export type RelatedFeature = Exclude<Feature, OwnRowFeature>;
/** A feature that reads one row of another table. */
export type LookupFeature = Extract<RelatedFeature, { kind: "lookup" | "lookup_age_days" }>;
/** A feature that aggregates rows of another table. */
export type WindowFeature = Exclude<RelatedFeature, LookupFeature>;

/** Whether a feature can be computed from the entity's own row. */
export const isOwnRow = (feature: Feature): feature is OwnRowFeature => !("table" in feature);

/** Whether a feature reads one row of another table. */
export const isLookup = (feature: RelatedFeature): feature is LookupFeature =>
  feature.kind === "lookup" || feature.kind === "lookup_age_days";

/** The columns of the entity's own row that a feature reads, its join key among them. */
export function ownColumns(feature: Feature): string[] {
  if (!isOwnRow(feature)) return [feature.localKey];
  switch (feature.kind) {
    case "age_days":
      return feature.at === null ? [feature.column] : [feature.column, feature.at];
    case "ratio":
      return [feature.numerator, feature.denominator];
    case "difference":
      return [feature.left, feature.right];
    default:
      return [feature.column];
  }
}

/** The columns of a related table that a feature reads, its key and times among them. */
export function relatedColumns(feature: RelatedFeature): string[] {
  const read = [feature.key, feature.time, feature.arrived, "column" in feature ? feature.column : null];
  if ("where" in feature) read.push(feature.where?.column ?? null);
  return [...new Set(read.filter((column) => column !== null))];
}

/** The type of a feature's value: text becomes a category, everything else a number. */
export function valueType(feature: Feature): FeatureValueType {
  const category = (type: ColumnType) => (type === "text" ? "category" : "number");
  return feature.kind === "column" || feature.kind === "lookup" ? category(feature.type) : "number";
}
