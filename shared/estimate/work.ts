import type { TrainingWork } from "../domain/estimate.ts";
import type { Work } from "./stopping.ts";

export type Algorithm = TrainingWork["algorithm"];

/** Where it isn't said how far boosting goes before it stops early: learning rate × depth, summed over its rounds. */
const boostingReach = { classes: 30, numbers: 50 };
/** Rows of a leaf beyond the least that it may have: leaves of one class alone aren't split any further. */
const leafFill = { classes: 3, numbers: 1.2 };
/** Of the rows that a fit has, boosting looks for the number of rounds on this share before it fits them all. */
const stoppingShare = 7 / 8;
/** A penalty is chosen on three splits of at most this many rows. */
const choiceRows = 20_000;
const choiceSplits = 3;
/** One candidate of those compared is fitted again on every row. */
const refitShare = 0.25;
/** Above this many multiplications a linear model takes gradients instead of Newton steps: about so many for each. */
const newtonLimit = 2e9;
const gradientsPerStep = 4;

/** How often rows are fitted: `fits` in number, of `rows` each; `passes` over all rows in sum. */
function fitsOf({ rows, folds, data }: TrainingWork): { fits: number; rows: number; passes: number } {
  if (folds <= 1) return { fits: 1, rows, passes: 1 };
  const compared = data?.passes ?? folds - 1;
  return { fits: folds + refitShare, rows: (rows * compared) / folds, passes: compared + refitShare };
}

const numberOf = ({ parameters }: TrainingWork, name: string, otherwise: number): number => {
  const value = Number(parameters?.[name] ?? otherwise);
  return Number.isFinite(value) && value > 0 ? value : otherwise;
};

/** Curvature of the loss per row, the weight that leaves count: 1 for numbers, p (1 − p) for the rarest class. */
function weightOf({ data }: TrainingWork): number {
  if (!data || data.rarest === null) return data ? 1 : 0.2;
  return Math.max(1e-4, data.rarest * (1 - data.rarest));
}

/** Trees grown in one fit, how many levels and nodes each has, and the share of rows it sees. */
function treesOf(work: Work, fitRows: number) {
  const outputs = work.data?.task === "multiclass" ? work.data.classes : 1;
  const depth = numberOf(work, "maxDepth", 6);
  const share = Math.min(1, numberOf(work, "subsample", 0.8));
  const kind = work.data?.task === "regression" ? "numbers" : "classes";
  const leaves = (fitRows * share * weightOf(work)) / (leafFill[kind] * numberOf(work, "minChildWeight", 1));
  const nodes = Math.max(2, Math.min(2 ** depth, 2 * leaves));
  const levels = Math.min(depth, Math.log2(nodes) + 1);
  if (work.algorithm === "random_forest") return { trees: work.rounds * outputs, levels, nodes, share };
  const rate = numberOf(work, "learningRate", 0.1);
  const rounds = work.keptRounds ?? Math.min(work.rounds, boostingReach[kind] / (rate * depth));
  const tried = Math.min(work.rounds, rounds + numberOf(work, "patience", 0));
  const stopping = work.parameters?.patience === undefined ? 0 : tried * stoppingShare;
  return { trees: (rounds + stopping) * outputs, levels, nodes, share };
}

function treeTerms(work: Work): { cpu: number[]; memory: number[] } {
  const { columns, algorithm } = work;
  const { fits, rows, passes } = fitsOf(work);
  const { trees, levels, nodes, share } = treesOf(work, rows);
  const all = passes * work.rows;
  const indicators = Math.min(columns, work.data?.indicators ?? 0);
  // A column of zeros and ones has two bins.
  const bins = nodes * (2 * indicators + (columns - indicators) * Math.min(numberOf(work, "maxBins", 64), rows));
  const cells = work.rows * columns;
  const cpu = [1, passes * cells, all * share * columns * levels * trees, fits * trees * bins, all * trees];
  return { cpu, memory: [1, cells, bins, algorithm === "random_forest" ? work.rows * trees : 0] };
}

function linearTerms(work: TrainingWork): { cpu: number[]; memory: number[] } {
  const { columns, rounds, data } = work;
  const { fits, rows } = fitsOf(work);
  const choosing = choiceSplits * Math.min(choiceRows, (rows * (choiceSplits - 1)) / choiceSplits);
  const penalties = Math.max(1, String(work.parameters?.penalties ?? "1").split(",").length);
  const memory = [1, work.rows * columns, 0, 0];
  const once = fits * rows * columns;
  // Squared error has its answer in one step, whatever the penalty.
  if (data?.task === "regression") return { cpu: [1, once, 0, fits * (choosing + rows) * columns ** 2], memory };
  const newton = data?.task !== "multiclass" && rows * columns ** 2 <= newtonLimit;
  const rowSteps = fits * (choosing * rounds + rows * (rounds / penalties));
  const outputs = data?.task === "multiclass" ? data.classes : 1;
  const gradients = rowSteps * columns * outputs * (newton ? 1 : gradientsPerStep);
  return { cpu: [1, once, gradients, newton ? rowSteps * columns ** 2 : 0], memory };
}

/**
 * What a candidate's cost is a sum of; the coefficients are fitted.
 * CPU, trees: once; cells encoded; cells visited (each level of each tree); bins of all nodes' histograms; rows × trees.
 * CPU, linear: once; cells encoded; cells of gradients; cells × columns of Newton steps. Others: once; rows.
 * Memory: once; cells; bins of one tree's histograms; rows × trees of a forest, which keeps every tree's rows.
 * Boosting is counted with the rounds that early stopping leaves (`keptRounds`), not with its upper bound.
 */
export function workTerms(work: Work): { cpu: number[]; memory: number[] } {
  const { algorithm, rows, columns } = work;
  if (algorithm === "xgboost" || algorithm === "random_forest") return treeTerms(work);
  if (algorithm === "linear") return linearTerms(work);
  return { cpu: [1, fitsOf(work).passes * rows], memory: [1, rows * columns, 0, 0] };
}

/** What the CPU terms of an algorithm count, for people, in their order. */
export function termNames(algorithm: Algorithm): readonly string[] {
  if (algorithm === "xgboost" || algorithm === "random_forest")
    return ["once", "cells encoded", "cells visited by trees", "bins of histograms", "rows × trees"];
  if (algorithm === "linear") return ["once", "cells encoded", "cells of gradients", "cells × columns of Newton steps"];
  return ["once", "rows"];
}

/** Memory of candidates trained one after another: the largest of each part. */
export const memoryTerms = (works: readonly TrainingWork[]): number[] =>
  works.map((work) => workTerms(work).memory).reduce((most, terms) => most.map((m, i) => Math.max(m, terms[i]!)));
