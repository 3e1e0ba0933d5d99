import type { ColumnType } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { PredictionInterval } from "@muster/shared/domain/model.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { OnlineLookup } from "./online-lookup.ts";

/** A column of the entity's own row as callers send it. */
export type RawColumn = { name: string; type: ColumnType };

/** A feature's value as the graph reads it before encoding; null is missing. */
export type FeatureValue = number | string | null;

/** What is served to the caller for a row: the class in the target's type, or the number. */
export type Prediction = string | number | boolean;

/**
 * The newest materialized features of entities, for features that need other rows. `find` gives one entry per key in
 * order, undefined for an unknown entity; an entry's values stand in the order of `names`.
 */
export type ScoringFeatures = {
  /** The cutoff they were computed at, ISO 8601. */
  asOf: string;
  names: string[];
  find(keys: readonly string[]): Found[] | Promise<Found[]>;
};
export type Found = readonly FeatureValue[] | undefined;

/** Scoring features held in memory: entity key (as text) → values in the order of `names`. */
export const scoringFeatures = (
  asOf: string,
  names: string[],
  rows: ReadonlyMap<string, readonly FeatureValue[]>,
): ScoringFeatures => ({ asOf, names, find: (keys) => keys.map((key) => rows.get(key)) });

/**
 * The moment that own-row features are computed at: the request's arrival, the time of the looked-up features (so that
 * both kinds have one cutoff), a fixed time (data that ends in the past), the row's own time (`column`, one of the raw
 * columns: a flat table of events), or none (a flat table trained without a cutoff: ages at the cutoff are missing there
 * as they were in training).
 */
export type CutoffRule =
  | { kind: "none" }
  | { kind: "request" }
  | { kind: "features" }
  | { kind: "fixed"; at: string }
  | { kind: "column"; column: string };

/** Everything the data plane needs to answer for one model version; made by the deployment from registry and view. */
export type ServedModel = {
  name: string;
  version: number;
  aliases: readonly string[];
  /** SHA-256 of `onnx`, as the registry names it. */
  hash: string;
  onnx: Uint8Array;
  /** The view's features; the graph reads those among them that the model uses. */
  features: readonly Feature[];
  input: {
    /** The entity key; required where features are looked up, else optional and only logged. Null: rows have no key. */
    entity: RawColumn | null;
    /** The raw columns of the entity's own row that the features read. */
    columns: readonly RawColumn[];
  };
  output: {
    task: "binary" | "multiclass" | "regression";
    /** In the order of the graph's probabilities; empty for a regression. */
    classes: readonly string[];
    /** The type of the target: what `prediction` is given as. A regression answers with a number whatever it is. */
    target: ColumnType;
    threshold: number | null;
    /** The interval around a number; absent or null: the model has none. */
    interval?: PredictionInterval | null;
  };
  lookup: ScoringFeatures | null;
  /** Features that depend on the moment of the request; null where the model reads none. */
  online: OnlineLookup | null;
  cutoff: CutoffRule;
};

/**
 * Rows whose answer the engine itself gave, to compare with before a version goes live. `expected` is row-major: k
 * probabilities a row, or one value.
 */
export type GoldenRows = { columns: FeatureColumn[]; rows: number; expected: readonly number[] };
