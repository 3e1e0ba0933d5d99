import type { FittedModel } from "../fitted.ts";
import { fitRows } from "./fit-rows.ts";
import type { CostMatrix } from "./job.ts";
import type { Finished, RaceContext, RaceData } from "./race.ts";
import { seedOf } from "./seed-of.ts";
import { chooseThreshold } from "./threshold.ts";

/** The refitted model and the engine's binaries of its trees. */
export type Final = { fitted: FittedModel; boosters: Uint8Array[] };

/**
 * Refits the chosen candidate on every row of the training file, as it was fitted in each fold; calibration and threshold
 * are those fitted on out-of-fold answers. The encoding's columns are the features of the boosters, in order.
 */
export function fitFinal(data: RaceData, chosen: Finished, costs: CostMatrix | null, context: RaceContext): Final {
  const { candidate, answers } = chosen;
  const { labels, plan } = data;
  const all = Int32Array.from({ length: labels.values.length }, (_, row) => row);
  const seed = seedOf(context.seed, candidate.name, -1);
  const folds = plan.splits.length;
  const refit = fitRows(data, candidate, null, {
    xgboost: context.xgboost,
    threads: context.threads,
    seed,
    options: context.options,
    inner: (count) => plan.inner(all, count, seed),
    onStep(round, rounds) {
      context.meter.check();
      if (round !== null && round % 25 === 0)
        context.onProgress({ stage: "refit", candidate: candidate.name, fold: null, folds, round, rounds });
    },
  });
  try {
    const fitted: FittedModel = {
      task: labels.task,
      classes: labels.classes,
      ...refit.encoding,
      estimator: refit.estimator(),
      calibration: answers.calibrated?.calibration ?? { kind: "none" },
      threshold: labels.task === "binary" ? chooseThreshold(labels.values, answers.prediction[1]!, costs) : null,
    };
    return { fitted, boosters: refit.boosters() };
  } finally {
    refit.free();
  }
}
