import type { TrainingWork } from "@muster/shared/domain/estimate.ts";
import type { CostModel } from "@muster/shared/estimate/calibrate.ts";
import { cpuPrior, type MachineSpeed } from "@muster/shared/estimate/prior.ts";
import { reaching, reachOfWork } from "@muster/shared/estimate/stopping.ts";
import { termNames, workTerms } from "@muster/shared/estimate/work.ts";
import { z } from "zod";

/** What one candidate's CPU-seconds are a sum of, and how much of that rests on the machine's benchmark alone. */
export const ExplainedCandidate = z.object({
  algorithm: z.string(),
  cpuSeconds: z.number(),
  terms: z.array(z.object({ name: z.string(), amount: z.number(), perUnit: z.number(), cpuSeconds: z.number() })),
  /** Parts of finished runs that the coefficients were learned from. */
  learnedFrom: z.number().int(),
  /** 1: nothing but the benchmark is behind it; 0: nothing but runs. */
  priorShare: z.number(),
  /** Boosting rounds that early stopping is expected to leave (90 % interval), and trainings of this problem seen; null for other kinds. */
  rounds: z
    .object({ low: z.number(), mid: z.number(), high: z.number(), atMost: z.number(), seenOfProblem: z.number().int() })
    .nullable(),
});
export type ExplainedCandidate = z.infer<typeof ExplainedCandidate>;

const z95 = 1.6448536;

/** The terms of a candidate's estimate at the rounds that boosting is expected to keep. */
export function explainWork(model: CostModel, work: TrainingWork, speed: MachineSpeed): ExplainedCandidate {
  const { algorithm } = work;
  const reach = reachOfWork(model.stopping, work);
  const roundsAt = (z: number) => reaching(work, Math.exp(reach.log + z * reach.sd)).keptRounds ?? work.rounds;
  const amounts = workTerms(reaching(work, Math.exp(reach.log))).cpu;
  const { log, covariance } = model.cpu.get(algorithm)!;
  const terms = termNames(algorithm).map((name, j) => {
    const perUnit = Math.exp(log[j]!);
    return { name, amount: amounts[j]!, perUnit, cpuSeconds: perUnit * amounts[j]! };
  });
  const cpuSeconds = terms.reduce((sum, term) => sum + term.cpuSeconds, 0);
  const { spread } = cpuPrior(algorithm, speed);
  // What is left of a coefficient's prior variance, by its share of the sum.
  const priorShare = terms.reduce(
    (sum, term, j) => sum + (term.cpuSeconds / cpuSeconds) * Math.min(1, covariance[j]![j]! / spread[j]! ** 2),
    0,
  );
  const rounds =
    algorithm === "xgboost"
      ? {
          ...{ low: roundsAt(-z95), mid: roundsAt(0), high: roundsAt(z95) },
          ...{ atMost: work.rounds, seenOfProblem: reach.seen },
        }
      : null;
  return { algorithm, cpuSeconds, terms, learnedFrom: model.parts.get(algorithm) ?? 0, priorShare, rounds };
}
