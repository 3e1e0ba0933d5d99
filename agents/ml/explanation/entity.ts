import type { Feature } from "@muster/shared/domain/feature.ts";
import type { EntityExplanation } from "@muster/shared/domain/model-explanation.ts";
import { checkSums, typicalValues } from "../explain.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted } from "../score.ts";
import type { FeatureRows } from "../scoring/read-features.ts";
import { reasonText, rowReasons } from "../scoring/row-reasons.ts";
import type { Contributions } from "../tree-shap.ts";

/** The row to explain, and what it is explained by: the model, its view's features, rows that it was trained on. */
export type EntityRow = {
  of: EntityExplanation["of"];
  row: FeatureRows;
  fitted: FittedModel;
  features: readonly Feature[];
  training: FeatureColumn[];
  explain: (rows: FeatureColumn[]) => Contributions[];
};

/**
 * Why one row's score is what it is: each raw column's part of the margin of the served class (or of the amount), all of
 * them. `details` holds what may not travel: the prediction, and each value beside the typical one, in words.
 * `internal` where the parts don't add up to the margin (1e-4).
 */
export function explainEntity({ of, row, fitted, features, training, explain }: EntityRow): Omit<
  EntityExplanation,
  "details"
> & {
  details: { prediction: number | string; probabilities: Record<string, number>; reasons: string[] };
} {
  const scored = predictFitted(fitted, row.columns);
  const outputs = explain(row.columns);
  outputs.forEach((output, k) => {
    checkSums(output, scored.margins[k]!);
  });
  const { classes } = fitted;
  const served = scored.labels?.[0] ?? null;
  const k = outputs.length > 1 ? Math.max(0, classes.indexOf(served!)) : 0;
  const reasonsOf = rowReasons(fitted, features, typicalValues(training), Number.POSITIVE_INFINITY);
  const [reasons = []] = outputs.length === 0 ? [] : reasonsOf(outputs, row.columns, () => k);
  return {
    of,
    cutoff: row.cutoff[0] ?? null,
    // Of two classes the margin is the positive one's, whichever is served.
    output: scored.labels === null ? null : outputs.length > 1 ? served : classes.at(-1)!,
    margin: scored.margins[k]![0]!,
    bias: outputs[k]?.bias ?? scored.margins[k]![0]!,
    contributions: reasons.map(({ columns, contribution, relation, direction }) => ({
      ...{ columns, contribution, relation, direction },
    })),
    details: {
      prediction: served ?? scored.values![0]!,
      probabilities: Object.fromEntries(classes.map((label, c) => [label, scored.probabilities[c]![0]!])),
      reasons: reasons.map((reason) => reasonText(reason, served === null ? "value" : "score")),
    },
  };
}
