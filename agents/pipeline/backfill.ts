import type { FeatureView } from "@muster/shared/domain/feature.ts";
import type { Horizon, Problem } from "@muster/shared/domain/problem.ts";
import { fault } from "@muster/shared/fault.ts";
import { addHorizon, dateOf, momentOf } from "@muster/shared/features/horizon.ts";
import { compileMatrix, type MatrixSource, scoredAt } from "@muster/shared/features/matrix.ts";
import type { Dialect } from "@muster/shared/warehouse/dialect.ts";
import { quoteIdent } from "@muster/shared/warehouse/quote.ts";

/** Cutoffs of one backfill at most: each is a pass over the view's tables. */
const mostCutoffs = 60;

/** A span of the past and the step through it; days as ISO dates, both ends included. */
export type Span = { from: string; to: string; every: Horizon };

/**
 * The cutoffs of a span, first to last. `unfit` for a problem without cutoffs, whose rows each have their own time;
 * `invalid_input` for a span that is empty, too long, or reaches beyond the newest event.
 */
export function backfillCutoffs(problem: Problem, { from, to, every }: Span): string[] {
  if (problem.label.kind === "column" || problem.now === null)
    throw fault("unfit", "the rows of this problem have no common cutoffs; materialize_features writes all of them");
  if (momentOf(to) > momentOf(problem.now))
    throw fault("invalid_input", `nothing is known after ${problem.now}; end the span there or earlier`, { to });
  const cutoffs: string[] = [];
  const first = momentOf(from);
  for (let n = 0; n <= mostCutoffs; n++) {
    // From the first each time: a month after 31 January is the end of February, and the next the end of March again.
    const cutoff = addHorizon(first, every, n);
    if (cutoff > momentOf(to)) break;
    cutoffs.push(dateOf(cutoff));
  }
  if (cutoffs.length === 0)
    throw fault("invalid_input", "the span ends before it begins; swap from and to", { from, to });
  if (cutoffs.length > mostCutoffs)
    throw fault("invalid_input", `more than ${mostCutoffs} cutoffs; choose a shorter span or a longer step`, {
      from,
      to,
    });
  return cutoffs;
}

/** SQL for the features of every entity that was there at each of the cutoffs: `__entity`, `__cutoff`, then the features. */
export function compileBackfill(
  dialect: Dialect,
  problem: Problem,
  view: Pick<FeatureView, "features">,
  source: MatrixSource,
  cutoffs: readonly string[],
): string {
  const kept = ["__entity", "__cutoff", ...view.features.map((feature) => feature.name)].map(quoteIdent).join(", ");
  const parts = cutoffs.map((scoring, i) => {
    const at = scoredAt(problem, view.features, scoring, problem.now);
    return `SELECT ${kept} FROM (${compileMatrix(dialect, at, view, source, "scoring").sql}) AS at${i}`;
  });
  return `${parts.join("\nUNION ALL\n")}\nORDER BY 2, 1`;
}
