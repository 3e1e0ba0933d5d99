import type { Problem } from "@muster/shared/domain/problem.ts";
import type { ClassCount } from "@muster/shared/features/enough.ts";
import { positiveOf } from "@muster/shared/features/label-rule.ts";
import { quoteLiteral } from "@muster/shared/warehouse/quote.ts";
import type { Reader } from "@muster/shared/warehouse/reader.ts";
import { z } from "zod";

/**
 * The labels of one side at one cutoff. `cutoff`: its day, null where rows have no time. `positives` and `rate` (0..1) of a
 * yes-or-no question, `mean` of an amount, over the labelled rows.
 */
export const CutoffCount = z.object({
  cutoff: z.string().nullable(),
  split: z.string(),
  rows: z.number().int(),
  positives: z.number().int().nullable(),
  rate: z.number().nullable(),
  mean: z.number().nullable(),
});
export type CutoffCount = z.infer<typeof CutoffCount>;

/** The labels by side and cutoff, and of training and hold-out by class (none for an amount). */
export type LabelCounts = { cutoffs: CutoffCount[]; classes: Record<"training" | "holdout", ClassCount[]> };

/** Counts labelled rows; `from`: a relation or a subquery that gives them. */
export async function countLabels(
  { query }: Pick<Reader, "query">,
  problem: Problem,
  from: string,
): Promise<LabelCounts> {
  const positive = positiveOf(problem);
  const amount =
    problem.task === "regression" ? "CAST(avg(__label) AS DOUBLE PRECISION)" : "CAST(NULL AS DOUBLE PRECISION)";
  const yes = positive === null ? "0" : `count(*) FILTER (WHERE __label = ${quoteLiteral(positive)})`;
  const sides = await query(
    `SELECT __split AS split, CAST(CAST(__cutoff AS DATE) AS VARCHAR) AS cutoff, count(*) AS n, count(__label) AS labelled,
      ${yes} AS yes, ${amount} AS mean FROM ${from} AS labels GROUP BY 1, 2 ORDER BY 2 NULLS FIRST, 1`,
  );
  const cutoffs = sides.map((row) => {
    const labelled = Number(row.labelled);
    const told = positive !== null && labelled > 0;
    return {
      cutoff: row.cutoff === null ? null : String(row.cutoff),
      split: String(row.split),
      rows: Number(row.n),
      positives: told ? Number(row.yes) : null,
      rate: told ? Number(row.yes) / labelled : null,
      mean: row.mean === null ? null : Number(row.mean),
    };
  });
  const named =
    problem.task === "regression"
      ? []
      : await query(
          `SELECT __split AS split, __label AS label, count(*) AS n FROM ${from} AS labels WHERE __label IS NOT NULL GROUP BY 1, 2 ORDER BY 2`,
        );
  const of = (side: string) =>
    named.filter((row) => row.split === side).map((row) => ({ label: String(row.label), rows: Number(row.n) }));
  return { cutoffs, classes: { training: of("training"), holdout: of("holdout") } };
}

/** Rates and means that a verdict tells one by one; of more it says from where to where they go. */
const mostTold = 8;

/** How often, or how much, by cutoff, in words; empty where the label is neither. */
export function toldByCutoff(cutoffs: readonly CutoffCount[]): string {
  const told = cutoffs.flatMap(({ cutoff, split, rate, mean }) => {
    const value = rate ?? mean;
    return value === null || split === "scoring" || split === "open"
      ? []
      : [{ at: cutoff ?? split, value, share: rate !== null }];
  });
  if (told.length === 0) return "";
  const written = ({ value, share }: (typeof told)[number]) =>
    share ? `${(100 * value).toFixed(1)} %` : value.toPrecision(4);
  const word = told[0]!.share ? "rate" : "mean";
  if (told.length <= mostTold) return `${word} ${told.map((one) => `${one.at} ${written(one)}`).join(", ")}`;
  const sorted = [...told].sort((a, b) => a.value - b.value);
  return `${word} ${written(sorted[0]!)} to ${written(sorted.at(-1)!)} over ${told.length} dates`;
}
