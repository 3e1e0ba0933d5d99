import { Fault } from "@muster/shared/fault.ts";
import { type Labels, takeLabels } from "../labels.ts";
import type { Split } from "../linear/fit.ts";
import { probabilitiesOf, servedClasses } from "../score.ts";
import { fitRows } from "./fit-rows.ts";
import type { Fittable, MetricName, PlanCost, TrainJob, TrainResult } from "./job.ts";
import { inMemory } from "./memory-plan.ts";
import { measure } from "./metrics.ts";
import type { RaceContext, RaceData } from "./race.ts";
import { seedOf } from "./seed-of.ts";

/** A sample smaller than this tells nothing of a score. */
const leastRows = 500;

/** What was trained under a plan: its data, the rows of the sample that `data.columns` are of (null: of all), the chosen candidate and the job. */
export type Planned = { data: RaceData; sample: Int32Array | null; chosen: Fittable; job: TrainJob };

/**
 * What a memory plan costs in score, measured on rows that both ways could do: the chosen candidate as it was proposed, in
 * memory on a sample, against the same rows and folds as the plan has them; and, where rows were sampled, half of them
 * against all that were kept. One fold each, uncalibrated; metrics that need a served class are told as log loss.
 */
export async function costOfPlan(planned: Planned, context: RaceContext): Promise<TrainResult["planCost"]> {
  const { data, job } = planned;
  const plan = job.plan ?? inMemory;
  const held = plan.streamed || plan.maxBins !== null ? await attempt(() => costOfHolding(planned, context)) : null;
  const sampled = plan.share < 1 ? await attempt(() => costOfRows(data, planned, context)) : null;
  return { held, sampled };
}

async function attempt(act: () => PlanCost["score"]): Promise<PlanCost> {
  try {
    const score = act();
    return { score, unmeasured: score ? null : `fewer than ${leastRows} rows to compare on` };
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "over_budget") throw error;
    return { score: null, unmeasured: "no CPU seconds of the budget were left for it" };
  }
}

function costOfHolding({ data, sample, chosen, job }: Planned, context: RaceContext): PlanCost["score"] {
  const rows = sample ?? evenly(data.labels.values.length);
  if (rows.length < leastRows) return null;
  const split = data.plan.inner(rows, 3, context.seed).at(-1)!;
  const labels = takeLabels(data.labels, rows);
  const asked = asProposed(chosen, job);
  // In memory the columns are of all rows, streamed they are the sample's already.
  const columns = sample ? data.columns : null;
  const at = (places: Int32Array) => Int32Array.from(places, (i) => rows[i]!);
  const whole = { train: at(split.train), valid: at(split.valid) };
  const without = columns
    ? scoreOf({ columns, labels }, asked, split, job, context)
    : scoreOf({ columns: data.columns, labels: data.labels }, asked, whole, job, context);
  const adjusted = scoreOf(data, chosen, whole, job, context);
  return figures(without, adjusted, job.metric, split.train.length, split.valid.length);
}

/** What was fitted, of candidates as they were proposed, before the plan changed them. */
function asProposed({ name, params }: Fittable, { candidates }: TrainJob): Fittable {
  const proposed = (wanted: string) => candidates.find((one) => one.name === wanted)!;
  if (params.algorithm !== "ensemble") return proposed(name);
  const members = params.members.map((one) => ({ ...one, candidate: proposed(one.candidate.name) }));
  return { name, params: { ...params, members } };
}

function costOfRows(data: RaceData, { chosen, job }: Planned, context: RaceContext): PlanCost["score"] {
  const split = data.plan.splits.at(-1)!;
  if (split.train.length < leastRows) return null;
  const half = { train: split.train.filter((_, i) => i % 2 === 0), valid: split.valid };
  const [less, all] = [half, split].map((part) => scoreOf(data, chosen, part, job, context));
  return figures(less!, all!, job.metric, split.train.length, split.valid.length);
}

const figures = (
  without: number | null,
  adjusted: number | null,
  metric: MetricName,
  trainedOn: number,
  rows: number,
) =>
  without === null || adjusted === null ? null : { metric: measured(metric), without, with: adjusted, trainedOn, rows };

/** At most 20,000 rows, evenly spread. */
function evenly(rows: number): Int32Array {
  const step = Math.max(1, Math.ceil(rows / 20_000));
  return Int32Array.from({ length: Math.ceil(rows / step) }, (_, i) => i * step);
}

const measured = (metric: MetricName): MetricName =>
  metric === "f1_macro" || metric === "accuracy" ? "log_loss" : metric;

/** A candidate's score on one split of rows of a set. */
function scoreOf(
  data: Pick<RaceData, "columns" | "compact"> & { labels: Labels },
  candidate: Fittable,
  { train, valid }: Split,
  { metric }: TrainJob,
  context: RaceContext,
): number | null {
  const seed = seedOf(context.seed, candidate.name, -2);
  // Early stopping looks at every eighth row of the training part.
  const inner = (): Split[] => {
    const places = Int32Array.from(train, (_, i) => i);
    return [{ train: places.filter((i) => i % 8 !== 0), valid: places.filter((i) => i % 8 === 0) }];
  };
  const fitted = fitRows(data, candidate, train, {
    ...{ xgboost: context.xgboost, threads: context.threads, seed, options: context.options, inner },
    onStep: () => context.meter.check(),
  });
  try {
    const margins = fitted.margins(valid);
    const labels = takeLabels(data.labels, valid);
    const { task } = labels;
    const prediction = task === "regression" ? margins : probabilitiesOf(margins, { kind: "none" });
    const served = task === "regression" ? null : servedClasses(prediction, task === "binary" ? 0.5 : null);
    return measure(measured(metric), task, { labels: labels.values, prediction, served });
  } finally {
    fitted.free();
  }
}
