import type { TrainingData, TrainingWork } from "@muster/shared/domain/estimate.ts";
import type { Candidate as CandidateFact } from "@muster/shared/domain/model.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import type { TreeParams } from "../xgboost/train.ts";
import type { Candidate, CandidateParams, ProposedParams } from "./job.ts";

type Parameters = CandidateFact["parameters"];

/** Newton steps that a linear fit takes for each penalty, about. */
const stepsPerPenalty = 12;

const Trees = z.object({
  rounds: z.number(),
  parallelTrees: z.number(),
  learningRate: z.number(),
  maxDepth: z.number(),
  minChildWeight: z.number(),
  lambda: z.number(),
  gamma: z.number(),
  subsample: z.number(),
  columnsPerTree: z.number(),
  columnsPerSplit: z.number(),
  maxBins: z.number(),
}) satisfies z.ZodType<TreeParams>;

/** What a candidate is tuned by, flat: penalties as one text; `iterations` and `rounds` are what its cost follows from. */
export function parametersOf(params: CandidateParams): Parameters {
  switch (params.algorithm) {
    case "constant":
      return {};
    case "linear":
      return { penalties: params.penalties.join(","), iterations: params.penalties.length * stepsPerPenalty };
    case "random_forest":
      return { ...params.trees, ...handed(params) };
    case "xgboost":
      return { ...params.trees, patience: params.patience, ...handed(params) };
    case "ensemble":
      return {
        members: params.members
          .map(({ candidate, weight }) => `${weight.toPrecision(4)} × ${candidate.name}`)
          .join(" + "),
      };
  }
}

/** Categories are named only where they aren't encoded: parameters of before stay what they were. */
const handed = ({ categories }: { categories?: "encoded" | "native" }): Parameters =>
  categories === "native" ? { categories } : {};

/** A proposal as the fact `candidates.chosen` holds it. */
export const factOf = ({ name, params, why }: Candidate): CandidateFact => ({
  id: name,
  algorithm: params.algorithm,
  parameters: parametersOf(params),
  reason: why,
});

const native = ({ categories }: Parameters): { categories?: "native" } =>
  categories === "native" ? { categories } : {};

function paramsOf({ algorithm, parameters }: CandidateFact): ProposedParams {
  switch (algorithm) {
    case "constant":
      return { algorithm };
    case "linear":
      return { algorithm, penalties: String(parameters.penalties).split(",").map(Number) };
    case "random_forest":
      return { algorithm, trees: Trees.parse(parameters), ...native(parameters) };
    case "xgboost":
      return {
        ...{ algorithm, trees: Trees.parse(parameters), patience: Number(parameters.patience) },
        ...native(parameters),
      };
  }
}

/** Trees, boosting rounds or Newton steps of a candidate's parameters; at least 1. */
function roundsOf(parameters: Parameters): number {
  if (typeof parameters.iterations === "number") return parameters.iterations;
  const { rounds, parallelTrees } = parameters;
  return Math.max(1, Number(rounds ?? 1) * Number(parallelTrees ?? 1));
}

/** What a comparison runs on: rows, columns of the design matrix, folds, threads and, where it's known, what the data are like. */
export type RaceShape = { rows: number; columns: number; folds: number; threads: number; data?: TrainingData };

/** The work of a candidate, counted as the estimate of it was. */
export const workOf = (
  algorithm: CandidateFact["algorithm"],
  parameters: Parameters,
  { rows, columns, folds, threads, data }: RaceShape,
): TrainingWork => ({
  ...{ algorithm, rows: Math.max(1, rows), columns: Math.max(1, columns), folds, threads },
  ...{ rounds: roundsOf(parameters), parameters, data },
});

/** The candidate that a fact describes, to be trained. `broken_contract` where its parameters aren't those of its algorithm. */
export function candidateOf(fact: CandidateFact, shape: RaceShape): Candidate {
  try {
    const { rows, columns, rounds, folds } = workOf(fact.algorithm, fact.parameters, shape);
    const work = rows * columns * rounds * (folds + 1);
    return { name: fact.id, params: paramsOf(fact), why: fact.reason, work };
  } catch (error) {
    throw fault("broken_contract", `candidate ${fact.id} lacks parameters of ${fact.algorithm}`, {}, error);
  }
}
