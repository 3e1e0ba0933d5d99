import { type DatasetPin, parseDatasetRef } from "../domain/dataset.ts";
import type { Feature, FeatureView } from "../domain/feature.ts";
import {
  type ColumnLineage,
  type ColumnSource,
  datasetNode,
  type Transformation,
  viewNode,
} from "../domain/lineage.ts";
import type { Problem } from "../domain/problem.ts";
import { isAhead, isOwnRow, isRelated, ownColumns, type RelatedFeature, readsLabels, relatedColumns } from "./kinds.ts";
import { ruleTime } from "./label-rule.ts";

/** A column that a feature or a label reads, and how it goes into it. */
export type ReadColumn = Transformation & { dataset: string; column: string };

const direct = (subtype: string): Transformation => ({ type: "DIRECT", subtype });
const indirect = (subtype: string): Transformation => ({ type: "INDIRECT", subtype });

/** Kinds whose value is the column's own, of this row or another. */
const identity: readonly Feature["kind"][] = ["column", "lookup", "lag"];
/** Kinds whose value is made of many rows. */
const aggregates: readonly Feature["kind"][] = [
  ...(["window", "window_ratio", "recency_days", "mean_ratio", "label_rate", "target_mean"] as const),
];

const valueBy = ({ kind }: Feature): Transformation =>
  direct(identity.includes(kind) ? "IDENTITY" : aggregates.includes(kind) ? "AGGREGATION" : "TRANSFORMATION");

const filledBy = (feature: Feature): string | undefined => ("filledBy" in feature ? feature.filledBy : undefined);

/** How a column of a related table goes into a feature: the first of its parts that reads it. */
function relatedPart(feature: RelatedFeature, column: string): Transformation {
  if ("column" in feature && feature.column === column) return valueBy(feature);
  if ("where" in feature && feature.where?.column === column) return indirect("FILTER");
  // Its value is the time itself.
  if (feature.kind === "recency_days" && column === feature.time) return valueBy(feature);
  if (column === feature.key) return indirect("JOIN");
  if ("order" in feature && feature.order === column) return indirect("SORT");
  if (column === feature.time || column === feature.arrived) return indirect("WINDOW");
  if (column === filledBy(feature)) return indirect("CONDITIONAL");
  return valueBy(feature);
}

/** The columns by which a problem labels its rows. */
export function labelColumns({ dataset, label }: Problem): ReadColumn[] {
  if (label.kind === "column") return [{ dataset, column: label.column, ...direct("TRANSFORMATION") }];
  const when = [ruleTime(label), label.kind === "ended" ? label.end : null].filter((column) => column !== null);
  const made =
    label.kind === "next"
      ? [label.column]
      : label.kind === "value"
        ? [label.column, label.times]
        : label.kind === "forecast"
          ? [label.column]
          : [];
  const values = made.filter((column): column is string => column !== null);
  const filters = label.kind === "ended" ? [] : label.where.map(({ column }) => column);
  return [
    ...when.map((column) => ({ dataset, column, ...indirect("CONDITIONAL") })),
    ...values.map((column) => ({
      dataset,
      column,
      ...direct(label.kind === "next" ? "TRANSFORMATION" : "AGGREGATION"),
    })),
    ...filters.map((column) => ({ dataset, column, ...indirect("FILTER") })),
  ];
}

/** Every column that a feature reads, and how: its values, its keys, its times and its conditions. */
export function columnsRead(feature: Feature, problem: Problem, view: Pick<FeatureView, "dataset">): ReadColumn[] {
  const own = (how: (column: string) => Transformation): ReadColumn[] =>
    ownColumns(feature).map((column) => ({ dataset: view.dataset, column, ...how(column) }));
  if (isRelated(feature)) {
    const { via, table } = feature;
    const chain = via
      ? [via.key, via.column].map((column) => ({ dataset: via.table, column, ...indirect("JOIN") }))
      : [];
    const read = relatedColumns(feature).map((column) => ({ dataset: table, column, ...relatedPart(feature, column) }));
    return [...own(() => indirect("JOIN")), ...chain, ...read];
  }
  if (readsLabels(feature)) {
    const labels = labelColumns(problem).map((one) => ({ ...one, ...valueBy(feature) }));
    const time =
      problem.time === null ? [] : [{ dataset: problem.dataset, column: problem.time, ...indirect("WINDOW") }];
    return [...own(() => indirect("GROUP_BY")), ...labels, ...time];
  }
  if (isAhead(feature)) {
    const values =
      feature.column === null ? [] : [{ dataset: view.dataset, column: feature.column, ...direct("AGGREGATION") }];
    return [...values, ...rowColumns(problem).map((one) => ({ ...one, ...indirect("WINDOW") }))];
  }
  if (!isOwnRow(feature)) return own(() => valueBy(feature));
  // A date may be a value of its own and what fills it in.
  const values = ownColumns({ ...feature, filledBy: undefined });
  return own((column) => (values.includes(column) ? valueBy(feature) : indirect("CONDITIONAL")));
}

/** The columns that decide which rows a problem has: when they are, and until when a label's rule looks. */
function rowColumns(problem: Problem): ReadColumn[] {
  const { dataset, time, label, population } = problem;
  const hour = label.kind === "forecast" ? label.hour : null;
  const times = label.kind === "ended" ? [label.start, label.end] : [ruleTime(label) ?? time, hour];
  const whom = population
    ? [population.key, population.time, population.arrived, ...population.where.map(({ column }) => column)]
    : [];
  const read = [
    ...times.map((column) => ({ dataset, column })),
    ...whom.map((column) => ({ dataset: population!.dataset, column })),
  ];
  return read.flatMap(({ dataset, column }) => (column === null ? [] : [{ dataset, column, ...indirect("FILTER") }]));
}

/** Turns read columns into sources at exact versions; a table that isn't among the pins is left out. */
function sourcesAt(read: readonly ReadColumn[], pins: readonly DatasetPin[]): ColumnSource[] {
  const nodes = new Map(pins.map((pin) => [parseDatasetRef(pin).name, datasetNode(pin)]));
  const found = new Map<string, ColumnSource>();
  for (const { dataset, column, type, subtype } of read) {
    const from = nodes.get(dataset);
    if (from) found.set(JSON.stringify([dataset, column, type, subtype]), { from, column, type, subtype });
  }
  return [...found.values()];
}

/** What the features of a view are made of, a column each. */
export const viewLineage = (problem: Problem, view: FeatureView, pins: readonly DatasetPin[]): ColumnLineage[] =>
  view.features.map((feature) => ({
    name: feature.name,
    sources: sourcesAt(columnsRead(feature, problem, view), pins),
  }));

/** What the columns that every matrix and label file has are made of: `__entity`, `__cutoff`, `__label`, and which rows there are. */
export function labelLineage(problem: Problem, pins: readonly DatasetPin[]): ColumnLineage[] {
  const { dataset, entity, time } = problem;
  const named = (name: string, read: ReadColumn[]) => ({ name, sources: sourcesAt(read, pins) });
  return [
    named("__entity", entity === null ? [] : [{ dataset, column: entity, ...direct("TRANSFORMATION") }]),
    named("__cutoff", time === null ? [] : [{ dataset, column: time, ...direct("TRANSFORMATION") }]),
    named("__label", labelColumns(problem)),
    named("", rowColumns(problem)),
  ];
}

/**
 * What the columns of a view's matrix are made of: each feature of the view and of the columns it reads. `labelled` false:
 * a matrix without labels.
 */
export const matrixLineage = (
  problem: Problem,
  view: FeatureView,
  pins: readonly DatasetPin[],
  { labelled }: { labelled: boolean },
): ColumnLineage[] => [
  ...labelLineage(problem, pins).filter(({ name }) => labelled || name !== "__label"),
  ...viewLineage(problem, view, pins).map(({ name, sources }) => ({
    name,
    sources: [{ from: viewNode(view), column: name, ...direct("IDENTITY") }, ...sources],
  })),
];
