import { z } from "zod";

/** What a comparison ended in; `abstained` says that the rows can't tell. */
export const DriftVerdict = z.enum(["drifted", "not_drifted", "abstained"]);
export type DriftVerdict = z.infer<typeof DriftVerdict>;

/** `default`: thresholds from the data. `evidently`: its fixed rules. `psi`: the default's thresholds on the stability index. */
export const DriftMethod = z.enum(["default", "evidently", "psi"]);
export type DriftMethod = z.infer<typeof DriftMethod>;

/**
 * One column (or the prediction) compared.
 * `score` and `threshold` are in the unit of `method`; `effect` is a share of rows (`psi`: the index itself; the fixed
 * rules: the distance or, for a test, the score). `pValue` is corrected for the number of columns (the fixed rules: not),
 * null where the rule has none. `importance` is the model's share of this column, null where none was given.
 * `missing` are shares of rows; `newCategories` counts categories that only the current rows hold and `newShare` their rows.
 */
export const ColumnDrift = z.object({
  name: z.string(),
  method: z.enum(["ks", "jensen_shannon", "psi", "wasserstein", "chi_square", "z_test"]),
  score: z.number().nullable(),
  threshold: z.number().nullable(),
  pValue: z.number().nullable(),
  effect: z.number().nullable(),
  importance: z.number().nullable(),
  missing: z.object({ reference: z.number(), current: z.number() }),
  newCategories: z.number().int(),
  newShare: z.number(),
  verdict: DriftVerdict,
});
export type ColumnDrift = z.infer<typeof ColumnDrift>;

/**
 * A metric on matured labels in both windows. `worse` is how much it got worse (in its unit, negative where better) with
 * its interval `low`..`high`; it drifted where `low` is above 0 and `worse` reaches `least`.
 */
export const MetricDrift = z.object({
  metric: z.string(),
  reference: z.number(),
  current: z.number(),
  worse: z.number(),
  low: z.number(),
  high: z.number(),
  least: z.number(),
  verdict: DriftVerdict,
});
export type MetricDrift = z.infer<typeof MetricDrift>;

/** Performance on matured labels: its verdict, why, and the metrics. */
export const PerformanceDrift = z.object({ verdict: DriftVerdict, reason: z.string(), metrics: z.array(MetricDrift) });
export type PerformanceDrift = z.infer<typeof PerformanceDrift>;

/**
 * Where the thresholds come from. `history`: chunks of the reference in time (with the permutation null as a floor);
 * `permutation`: the permutation null alone; `fixed`: the method's own. `chunkRows` below the current size says that the
 * reference was too short for chunks of that size. `sampled` are the rows that the null was drawn from, where not all.
 */
export const DriftBaseline = z.object({
  kind: z.enum(["history", "permutation", "fixed"]),
  permutations: z.number().int(),
  sampled: z.object({ reference: z.number().int(), current: z.number().int() }).nullable(),
  chunks: z.number().int(),
  chunkRows: z.number().int(),
  season: z.array(z.enum(["year", "week", "day"])),
  seed: z.number().int(),
});
export type DriftBaseline = z.infer<typeof DriftBaseline>;

/**
 * The answer to "has it drifted": a verdict with its reason in one sentence, the two windows by name (with their hash or
 * version), their rows, the share of compared columns that drifted, each column, the prediction and the performance
 * (null where not asked), and the columns left out with the reason.
 */
export const DriftReport = z.object({
  verdict: DriftVerdict,
  reason: z.string(),
  method: DriftMethod,
  reference: z.string(),
  current: z.string(),
  rows: z.object({ reference: z.number().int(), current: z.number().int() }),
  share: z.number(),
  columns: z.array(ColumnDrift),
  leftOut: z.array(z.object({ name: z.string(), reason: z.string() })),
  prediction: ColumnDrift.nullable(),
  performance: PerformanceDrift.nullable(),
  baseline: DriftBaseline,
});
export type DriftReport = z.infer<typeof DriftReport>;
