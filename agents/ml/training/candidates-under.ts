import type { BoardRow, Candidate, TrainJob } from "./job.ts";
import { estimateMemoryMb, inMemory, type MemoryPlan, memoryShapeOf } from "./memory-plan.ts";

/** The candidates that the memory plan and the options let race, as these change them, and the lines of the others. */
export function candidatesUnder(
  job: Pick<TrainJob, "features" | "candidates" | "options" | "plan" | "memoryLimitMb" | "cpuSecondsLimit">,
  rows: number,
): { able: Candidate[]; unable: BoardRow[] } {
  const plan = job.plan ?? inMemory;
  const setsAsked = job.options?.categories === "native" && job.features.some(({ type }) => type === "category");
  const able: Candidate[] = [];
  const unable: BoardRow[] = [];
  for (const candidate of job.candidates) {
    if (plan.streamed && candidate.params.algorithm === "linear") unable.push(leftOut(candidate, job, rows));
    else if (setsAsked && candidate.params.algorithm === "linear") unable.push(encodes(candidate, job));
    else able.push(withBins(withCategories(candidate, job.options?.categories ?? null), plan));
  }
  return { able, unable };
}

function withCategories(candidate: Candidate, categories: "encoded" | "native" | null): Candidate {
  const { params } = candidate;
  return categories === null || !("trees" in params) ? candidate : { ...candidate, params: { ...params, categories } };
}

function encodes({ name, params, why }: Candidate, { cpuSecondsLimit }: Pick<TrainJob, "cpuSecondsLimit">): BoardRow {
  const fits = "categories that are encoded";
  return {
    ...{ name, algorithm: params.algorithm, params, why, cv: {}, seconds: 0, cpuSeconds: 0, rounds: null },
    ...{ chosen: false, reason: "skipped: a linear model can't split on sets of categories; needs them encoded" },
    skipped: { neededCpuSeconds: null, hadCpuSeconds: cpuSecondsLimit, unsuited: true, fits },
  };
}

/** A candidate whose trees look at no more bins than a plan allows. */
export function withBins(candidate: Candidate, { maxBins }: MemoryPlan): Candidate {
  const { params } = candidate;
  if (maxBins === null || !("trees" in params)) return candidate;
  const trees = { ...params.trees, maxBins: Math.min(params.trees.maxBins, maxBins) };
  return { ...candidate, params: { ...params, trees } };
}

function leftOut(
  candidate: Candidate,
  job: Pick<TrainJob, "features" | "candidates" | "memoryLimitMb" | "cpuSecondsLimit">,
  rows: number,
): BoardRow {
  const { name, params, why } = candidate;
  const needed = Math.ceil(estimateMemoryMb(memoryShapeOf({ ...job, candidates: [candidate] }, rows), inMemory));
  const fits = `a memory limit of about ${needed} MB`;
  return {
    ...{
      name,
      algorithm: params.algorithm,
      params,
      why,
      cv: {},
      seconds: 0,
      cpuSeconds: 0,
      rounds: null,
      chosen: false,
    },
    reason: `skipped: it can't be fitted on streamed rows; needs ${fits}, had ${job.memoryLimitMb}`,
    skipped: { neededCpuSeconds: null, hadCpuSeconds: job.cpuSecondsLimit, neededMemoryMb: needed, fits },
  };
}
