import { z } from "zod";
import { PermutedFeature } from "./evaluation-report.ts";

const Share = z.object({ name: z.string(), importance: z.number() });

/** The largest terms of a linear model; `category` is null where too few rows have it to name it. */
export const Coefficient = z.object({
  feature: z.string(),
  of: z.enum(["number", "category", "missing", "category mean"]),
  category: z.string().nullable(),
  output: z.string().nullable(),
  coefficient: z.number(),
  perUnit: z.number().nullable(),
});
export type Coefficient = z.infer<typeof Coefficient>;

/** How the mean answer goes with one feature: the positive class's probability, that of each class, or the amount. */
export const Dependence = z.object({
  feature: z.string(),
  points: z.array(z.object({ at: z.union([z.number(), z.string()]), mean: z.array(z.number()) })),
});
export type Dependence = z.infer<typeof Dependence>;

/** Two features that act together, as a share of all mean absolute contributions. */
export const Interplay = z.object({ features: z.tuple([z.string(), z.string()]), share: z.number() });
export type Interplay = z.infer<typeof Interplay>;

/**
 * Why one entity's score is what it is: what each raw column adds to the margin, strongest first; with `bias` they add up
 * to `margin`. Values of the row never travel: they stand in the artifact `details` with the prediction.
 */
export const EntityExplanation = z.object({
  /** The matrix that the newest row of the entity stands in, and its cutoff. */
  of: z.enum(["scoring", "training"]),
  cutoff: z.string().nullable(),
  /** The class whose margin it is; null for amounts. */
  output: z.string().nullable(),
  ...{ margin: z.number(), bias: z.number() },
  contributions: z.array(
    z.object({
      columns: z.array(z.string()),
      contribution: z.number(),
      relation: z.literal("associated with"),
      direction: z.enum(["higher", "lower"]),
    }),
  ),
  details: z.string(),
});
export type EntityExplanation = z.infer<typeof EntityExplanation>;

/** What explain_model says beside shares of contribution; what doesn't belong to the model is empty or null. */
export const ModelExplanation = z.object({
  coefficients: z.array(Coefficient),
  dependence: z.array(Dependence),
  /** By exact SHAP interactions over `rows` training rows; no pairs where that would take too long. */
  interactions: z.object({ rows: z.number().int(), pairs: z.array(Interplay) }),
  /** From the newest evaluation: only evaluate_model opens the hold-out. */
  permutation: z.array(PermutedFeature).nullable(),
  slice: z.object({ rows: z.number().int(), importance: z.array(Share) }).nullable(),
  entity: EntityExplanation.nullable(),
});
export type ModelExplanation = z.infer<typeof ModelExplanation>;
