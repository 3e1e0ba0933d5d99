import type { TrainingWork } from "@muster/shared/domain/estimate.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";

type Chosen = FactValue<"candidates.chosen">;
type Parameters = Chosen["candidates"][number]["parameters"];

/** Passes that a linear model takes where its candidate doesn't say: about a dozen Newton steps for each penalty tried. */
const linearSteps = 12;
const usualPenalties = 8;

const numberOf = (parameters: Parameters, ...names: string[]): number | null => {
  const value = names.map((name) => parameters[name]).find((one) => typeof one === "number");
  return value === undefined ? null : Number(value);
};

function roundsOf(algorithm: TrainingWork["algorithm"], parameters: Parameters): number {
  const rounds = numberOf(parameters, "rounds", "iterations");
  switch (algorithm) {
    case "linear": {
      const { penalties } = parameters;
      const tried = typeof penalties === "string" ? penalties.split(",").length : numberOf(parameters, "penalties");
      return rounds ?? linearSteps * (tried ?? usualPenalties);
    }
    case "random_forest":
      // A forest is one round of many parallel trees.
      return (rounds ?? 1) * (numberOf(parameters, "parallelTrees", "trees") ?? 1);
    default:
      return rounds ?? 1;
  }
}

/** The work of each candidate that was chosen, as the estimator counts it; `threads` are those of one training. */
export const worksOf = ({ candidates, rows, columns, folds }: Chosen, threads: number): TrainingWork[] =>
  candidates.map(({ algorithm, parameters }) => ({
    ...{ algorithm, rows: Math.max(1, rows), columns: Math.max(1, columns), folds, threads },
    rounds: Math.max(1, Math.round(roundsOf(algorithm, parameters))),
  }));
