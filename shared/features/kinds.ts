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
      | "text_pattern"
      | "is_missing"
      | "bin"
      | "cross";
  }
>;
/** A feature that reads labels of other rows. */
export type LabelFeature = Extract<Feature, { kind: "label_rate" | "target_mean" }>;
/** A feature of a forecast's row: the step, its target's place in the calendar, the series before the origin. */
export type AheadFeature = Extract<Feature, { kind: "ahead" }>;
/** A feature that reads rows of another table, or other rows of its own. */
export type RelatedFeature = Exclude<Feature, OwnRowFeature | LabelFeature | AheadFeature>;
/** A feature that reads one row of another table. */
export type LookupFeature = Extract<RelatedFeature, { kind: "lookup" | "lookup_age_days" }>;
/** A feature that reads one of the rows before. */
export type LagFeature = Extract<RelatedFeature, { kind: "lag" }>;
/** A feature that compares the own row with the mean of the rows before it. */
export type MeanRatioFeature = Extract<RelatedFeature, { kind: "mean_ratio" }>;
/** A feature that aggregates rows of another table. */
export type WindowFeature = Exclude<RelatedFeature, LookupFeature | LagFeature>;

/** Whether a feature can be computed from the entity's own row. */
export const isOwnRow = (feature: Feature): feature is OwnRowFeature =>
  !("table" in feature) && !readsLabels(feature) && !isAhead(feature);

/** Whether a feature is of a forecast's row. */
export const isAhead = (feature: Feature): feature is AheadFeature => feature.kind === "ahead";

/** Whether a feature reads labels of other rows. */
export const readsLabels = (feature: Feature): feature is LabelFeature =>
  feature.kind === "label_rate" || feature.kind === "target_mean";

/** Whether a feature reads rows of another table, or other rows of its own. */
export const isRelated = (feature: Feature): feature is RelatedFeature => "table" in feature;

/** Whether a feature reads one row of another table. */
export const isLookup = (feature: RelatedFeature): feature is LookupFeature =>
  feature.kind === "lookup" || feature.kind === "lookup_age_days";

function ownValues(feature: OwnRowFeature): string[] {
  switch (feature.kind) {
    case "age_days":
      return feature.at === null ? [feature.column] : [feature.column, feature.at];
    case "ratio":
      return [feature.numerator, feature.denominator];
    case "difference":
      return [feature.left, feature.right];
    case "cross":
      return feature.columns;
    default:
      return [feature.column];
  }
}

/** The column by which a feature that reads labels takes rows together. */
export const labelKey = (feature: LabelFeature): string =>
  feature.kind === "label_rate" ? feature.key : feature.column;

/** The columns of the entity's own row that a feature reads: its join key, or its values and the date that fills them in. */
export function ownColumns(feature: Feature): string[] {
  if (readsLabels(feature)) return [labelKey(feature)];
  if (isAhead(feature)) return [];
  if (!isOwnRow(feature)) return [feature.localKey];
  const { filledBy } = feature;
  return [...new Set([...ownValues(feature), ...(filledBy === undefined ? [] : [filledBy])])];
}

/** The columns of a related table that a feature's values are made of: what it aggregates or looks up, and its condition. */
export function relatedValues(feature: RelatedFeature): string[] {
  const column = "column" in feature ? feature.column : null;
  const where = "where" in feature ? (feature.where?.column ?? null) : null;
  return [...new Set([column, where].filter((name) => name !== null))];
}

/** The columns of a related table that a feature reads, its key, its times and the date that fills it in among them. */
export function relatedColumns(feature: RelatedFeature): string[] {
  const filledBy = "filledBy" in feature ? feature.filledBy : undefined;
  const order = "order" in feature ? (feature.order ?? null) : null;
  const read = [feature.key, feature.time, feature.arrived, ...relatedValues(feature), filledBy ?? null, order];
  return [...new Set(read.filter((column) => column !== null))];
}

/** The datasets that features of a view read, its own first. */
export function datasetsRead({ dataset, features }: { dataset: string; features: readonly Feature[] }): Set<string> {
  const related = features.filter(isRelated);
  return new Set([dataset, ...related.flatMap((f) => (f.via === undefined ? [f.table] : [f.table, f.via.table]))]);
}

/** The type of a feature's value: text becomes a category, everything else a number. */
export function valueType(feature: Feature): FeatureValueType {
  const category = (type: ColumnType) => (type === "text" ? "category" : "number");
  if (feature.kind === "cross") return "category";
  return feature.kind === "column" || feature.kind === "lookup" || feature.kind === "lag"
    ? category(feature.type)
    : "number";
}
