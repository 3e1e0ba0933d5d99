import type { Interval, TrainingWork } from "../domain/estimate.ts";
import { busySeconds, type CostModel } from "./calibrate.ts";
import { intervalOf, type LogPrediction, predict } from "./fit-additive.ts";
import { equallyLikely, mixed } from "./mixture.ts";
import { candidatesApart, reaching, reachOfWork, type Work } from "./stopping.ts";
import { memoryTerms, workTerms } from "./work.ts";

/** How much candidates err together: data that make one slow make the others slow too, but not as much. */
const together = 0.5;
/** Equally likely ways in which boosting may stop that are looked at. */
const ways = equallyLikely(15);

/** What an algorithm's candidate takes, by how far boosting reaches; candidates of one run reach a little apart. */
function cpuOf(model: CostModel, work: Work): LogPrediction {
  const terms = workTerms(work).cpu;
  const found = predict(model.cpu.get(work.algorithm)!, terms);
  if (work.algorithm !== "xgboost") return found;
  const { log } = model.cpu.get("xgboost")!;
  const parts = log.map((l, j) => Math.exp(l) * terms[j]!);
  const share = 1 - (parts[0]! + parts[1]!) / parts.reduce((sum, part) => sum + part, 0);
  return { ...found, sd: Math.hypot(found.sd, candidatesApart * share) };
}

function secondsOf(model: CostModel, work: Work): LogPrediction {
  const cpu = cpuOf(model, work);
  const pace = predict(model.pace, [busySeconds(Math.exp(cpu.log), work)]);
  return { log: pace.log, sd: Math.hypot(pace.sd, cpu.sd), weight: Math.min(pace.weight, cpu.weight) };
}

/** The prediction of a sum: the parts' middles add up, their errors do as far as they err together. */
function summed(parts: LogPrediction[]): LogPrediction {
  const total = parts.reduce((sum, { log }) => sum + Math.exp(log), 0);
  const errors = parts.map(({ log, sd }) => (Math.exp(log) / total) * sd);
  const all = errors.reduce((sum, e) => sum + e, 0);
  const apart = errors.reduce((sum, e) => sum + e ** 2, 0);
  return {
    log: Math.log(total),
    sd: Math.sqrt(together * all ** 2 + (1 - together) * apart),
    weight: Math.min(...parts.map(({ weight }) => weight)),
  };
}

/** A sum over candidates, over all the ways in which boosting may stop: they stop late together, since they see the same data. */
function overWays(model: CostModel, works: readonly TrainingWork[], of: typeof cpuOf): Interval {
  if (!works.some(({ algorithm }) => algorithm === "xgboost"))
    return mixed([summed(works.map((work) => of(model, work)))]);
  return mixed(
    ways.map((z) =>
      summed(
        works.map((work) => {
          const { log, sd } = reachOfWork(model.stopping, work);
          return of(model, reaching(work, Math.exp(log + z * sd)));
        }),
      ),
    ),
  );
}

/** CPU-seconds of candidates trained one after another, as a 90 % interval. */
export const expectedCpuSeconds = (model: CostModel, works: readonly TrainingWork[]): Interval =>
  overWays(model, works, cpuOf);

/** Seconds by the clock of candidates trained one after another, as a 90 % interval. */
export const expectedSeconds = (model: CostModel, works: readonly TrainingWork[]): Interval =>
  overWays(model, works, secondsOf);

/** The peak of memory (MB) of candidates trained one after another, as a 90 % interval. */
export const expectedMemoryMb = (model: CostModel, works: readonly TrainingWork[]): Interval =>
  intervalOf(predict(model.memory, memoryTerms(works)));
