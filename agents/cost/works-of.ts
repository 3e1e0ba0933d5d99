import type { TrainingWork } from "@muster/shared/domain/estimate.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";

type Chosen = FactValue<"candidates.chosen">;

/** Boosting rounds, trees of a forest (one round of many parallel ones) or steps of a linear model; at least 1. */
function roundsOf(parameters: Chosen["candidates"][number]["parameters"]): number {
  const { iterations, rounds, parallelTrees } = parameters;
  const count = Number(iterations ?? rounds ?? 1) * Number(parallelTrees ?? 1);
  return Number.isFinite(count) ? Math.max(1, Math.round(count)) : 1;
}

/** The work of each candidate that was chosen, as the estimator counts it; `threads` are those of one training, `problem` is what they were chosen for. */
export const worksOf = (
  { candidates, rows, columns, folds, data }: Chosen,
  threads: number,
  problem?: string,
): TrainingWork[] =>
  candidates.map(({ algorithm, parameters }) => ({
    ...{ algorithm, rows: Math.max(1, rows), columns: Math.max(1, columns), folds, threads },
    ...{ rounds: roundsOf(parameters), parameters, data },
    ...(problem !== undefined && { problem }),
  }));
