import type { TrainJob } from "./job.ts";

/**
 * How a training holds its rows. `streamed`: compact, handed to the engine in batches; else as numbers in memory. `maxBins`:
 * bins of a column at most, null as the candidates say. `share` of the rows that are trained on, 0..1.
 */
export type MemoryPlan = { streamed: boolean; maxBins: number | null; share: number };

/** All rows in memory, as the candidates say. */
export const inMemory: MemoryPlan = { streamed: false, maxBins: null, share: 1 };

/** What memory depends on: rows, columns of the file by kind, and the deepest and finest trees among the candidates. */
export type MemoryShape = {
  rows: number;
  numbers: number;
  categories: number;
  depth: number;
  bins: number;
  linear: boolean;
};

/** Measured on 28 to 300 columns of numbers, 100,000 to 800,000 rows: process and readers, and bytes a cell and a row, of each way. */
const dense = { baseMb: 140, cell: 95, row: 120 };
const compact = { baseMb: 170, cell: 3.1, row: 200 };
/** Columns that a category makes in a design, about. */
const perCategory = 4;
const megabyte = 1024 * 1024;
/** A plan must fit with room: estimates err. */
const room = 0.9;
const fewBins = 32;
/** The share of the rows of an attempt that the next one has at most: of all of them, and of a sample. */
const lessOfAll = 0.8;
const lessOfSample = 0.5;
/** Fewer rows than this aren't worth a model. */
const leastRows = 1_000;

/** The shape of a job on so many rows. */
export function memoryShapeOf(
  { features, candidates }: Pick<TrainJob, "features" | "candidates">,
  rows: number,
): MemoryShape {
  const trees = candidates.flatMap(({ params }) => ("trees" in params ? [params.trees] : []));
  const numbers = features.filter(({ type }) => type === "number").length;
  return {
    ...{ rows, numbers, categories: features.length - numbers },
    depth: Math.max(0, ...trees.map(({ maxDepth }) => maxDepth)),
    bins: Math.max(2, ...trees.map(({ maxBins }) => maxBins)),
    linear: candidates.some(({ params }) => params.algorithm === "linear"),
  };
}

/** About how many megabytes a training of this shape needs at its peak. */
export function estimateMemoryMb(shape: MemoryShape, { streamed, maxBins, share }: MemoryPlan): number {
  const { numbers, categories, depth } = shape;
  const rows = shape.rows * share;
  const columns = numbers + categories * perCategory;
  const { baseMb, cell, row } = streamed ? compact : dense;
  const nodes = Math.min(2 ** depth, Math.max(1, rows / 20));
  // A sum of gradients and one of Hessians, both in float64, for each bin of each column and open node.
  const histograms = nodes * columns * Math.min(shape.bins, maxBins ?? shape.bins) * 16;
  return baseMb + (rows * (columns * cell + row) + histograms) / megabyte;
}

/**
 * The plan to try after one needed more than `limitMb`: fewer bins, else streamed batches, else those with fewer bins, else
 * as many sampled rows as fit; the first whose estimate fits, estimates scaled by how far the failed one was off. Null where
 * nothing does. Follows from shape, plan and limit alone, so that the same limit gives the same model.
 */
export function nextPlan(shape: MemoryShape, failed: MemoryPlan, limitMb: number): MemoryPlan | null {
  const off = Math.max(1, limitMb / estimateMemoryMb(shape, failed));
  const estimate = (plan: MemoryPlan) => off * estimateMemoryMb(shape, plan);
  const fits = (plan: MemoryPlan) => estimate(plan) <= room * limitMb;
  const fewer = shape.bins > fewBins && failed.maxBins === null ? fewBins : null;
  const plans: MemoryPlan[] = [];
  if (!failed.streamed) {
    if (fewer !== null) plans.push({ ...failed, maxBins: fewer });
    plans.push({ streamed: true, maxBins: failed.maxBins, share: 1 });
  }
  if (fewer !== null) plans.push({ streamed: true, maxBins: fewer, share: failed.share });
  const found = plans.find(fits);
  if (found) return found;
  const least: MemoryPlan = { streamed: true, maxBins: failed.maxBins ?? fewer, share: failed.share };
  const rest = room * limitMb - off * estimateMemoryMb({ ...shape, rows: 0 }, least);
  const perShare = estimate({ ...least, share: 1 }) - off * estimateMemoryMb({ ...shape, rows: 0 }, least);
  const most = failed.streamed ? failed.share * (failed.share === 1 ? lessOfAll : lessOfSample) : 1;
  const share = Math.min(most, rest / perShare);
  return share * shape.rows >= leastRows ? { ...least, share: Number(share.toPrecision(3)) } : null;
}
