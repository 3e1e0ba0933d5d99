import { hostname } from "node:os";
import { pid } from "node:process";
import { fileURLToPath } from "node:url";
import { agent } from "@muster/bus/agent.ts";
import { openParts, type PartQueue } from "@muster/bus/part.ts";
import { run } from "@muster/bus/run.ts";
import { type CodeVersion, codeVersion } from "@muster/shared/code-version.ts";
import { type MachineSpeed, measureSpeed } from "@muster/shared/estimate/prior.ts";
import { repeat } from "@muster/shared/repeat.ts";
import { guardEveryMs, guardTests } from "./abtest/guard.ts";
import { type OutsideStore, openOutsideStore } from "./adopt/store.ts";
import { openTrackingStore, type TrackingStore } from "./experiments/store.ts";
import { sweepExports } from "./export/folder.ts";
import { type ImprovementStore, openImprovementStore } from "./improve/store.ts";
import { openMlflow } from "./mlflow/client.ts";
import { patientMirroring } from "./mlflow/follow.ts";
import { openMirrorStore } from "./mlflow/store.ts";
import { openServingDeps, type ServingDeps } from "./serving/deps.ts";
import { startLanding } from "./serving/landing-loop.ts";
import { type MlStore, openMlStore } from "./store.ts";
import { abTestModels } from "./tools/ab-test-models.ts";
import { assessFairness } from "./tools/assess-fairness.ts";
import { compareChallenger } from "./tools/compare-challenger.ts";
import { compareExperiments } from "./tools/compare-experiments.ts";
import { confirmImprovement } from "./tools/confirm-improvement.ts";
import { createExperiment } from "./tools/create-experiment.ts";
import { createFeaturePipeline } from "./tools/create-feature-pipeline.ts";
import { defineProblem } from "./tools/define-problem.ts";
import { deployModel } from "./tools/deploy-model.ts";
import { detectModelDrift } from "./tools/detect-model-drift.ts";
import { endAbTest } from "./tools/end-ab-test.ts";
import { evaluateModel } from "./tools/evaluate-model.ts";
import { explainModel } from "./tools/explain-model.ts";
import { exportRun } from "./tools/export-run.ts";
import { findErrorSlices } from "./tools/find-error-slices.ts";
import { getFeatureStats } from "./tools/get-feature-stats.ts";
import { getMlStatus } from "./tools/get-ml-status.ts";
import { getModelVersions } from "./tools/get-model-versions.ts";
import { improveModel } from "./tools/improve-model.ts";
import { logMetrics } from "./tools/log-metrics.ts";
import { offerModel } from "./tools/offer-model.ts";
import { predict } from "./tools/predict.ts";
import { recordOutcomes } from "./tools/record-outcomes.ts";
import { registerModel } from "./tools/register-model.ts";
import { retireModel } from "./tools/retire-model.ts";
import { rollbackDeployment } from "./tools/rollback-deployment.ts";
import { selectModel } from "./tools/select-model.ts";
import { setModelAlias } from "./tools/set-model-alias.ts";
import { startAbTest } from "./tools/start-ab-test.ts";
import { suggestFeatures } from "./tools/suggest-features.ts";
import { trainModel } from "./tools/train-model.ts";
import { tuneModel } from "./tools/tune-model.ts";
import { doTrial } from "./tuning/do-trial.ts";
import { openTuningStore, type TuningStore } from "./tuning/store.ts";
import { trialProcesses } from "./tuning/trial-process.ts";

/** Workers opened in this process, to tell one from another. */
let workers = 0;
const checkout = fileURLToPath(new URL("../..", import.meta.url));

/**
 * What ml's tools stand on. `xgboostLibrary`: the library's path, or null where it is found by its usual name; `speed`: what
 * this machine was measured to be at, for expectations.
 */
export type MlDeps = ServingDeps & {
  store: MlStore;
  improvements: ImprovementStore;
  tracking: TrackingStore;
  outside: OutsideStore;
  tuning: TuningStore;
  /** Where trials are put for whichever worker takes them; null without Redis. */
  parts: PartQueue | null;
  /** The code that runs, noted with each run. */
  code: CodeVersion;
  /** The folder with all data. */
  home: string;
  threads: number;
  xgboostLibrary: string | null;
  speed: MachineSpeed;
};

/**
 * The ml agent: from a question to a model that answers it, with figures, reasons and a name.
 * Owns the tables experiment, run, run_*, model, model_version, model_alias, holdout_look, search, trial, improvement, deployment and rollout. Trains in a child
 * of its worker, which opens the one training file; only evaluate_model opens a hold-out.
 */
export const ml = agent({
  name: "ml",
  does: "Defines prediction problems, suggests features, trains, evaluates, explains, registers, deploys and watches models.",
  tools: [
    defineProblem,
    suggestFeatures,
    createFeaturePipeline,
    getFeatureStats,
    selectModel,
    createExperiment,
    logMetrics,
    compareExperiments,
    trainModel,
    tuneModel,
    evaluateModel,
    assessFairness,
    explainModel,
    findErrorSlices,
    improveModel,
    compareChallenger,
    confirmImprovement,
    offerModel,
    registerModel,
    setModelAlias,
    deployModel,
    rollbackDeployment,
    retireModel,
    predict,
    detectModelDrift,
    recordOutcomes,
    abTestModels,
    startAbTest,
    endAbTest,
    exportRun,
    getModelVersions,
    getMlStatus,
  ],
  worker: true,
  async open(process) {
    const { threads, xgboostLib, redisUrl } = process.config;
    const processes = trialProcesses();
    const deps: MlDeps = {
      ...(await openServingDeps(process)),
      store: await openMlStore(process.pool),
      improvements: await openImprovementStore(process.pool),
      tracking: await openTrackingStore(process.pool),
      outside: await openOutsideStore(process.pool),
      tuning: await openTuningStore(process.pool),
      parts: redisUrl ? openParts(redisUrl, "ml-worker") : null,
      code: codeVersion(checkout),
      home: process.config.home,
      threads,
      xgboostLibrary: xgboostLib.includes("/") ? xgboostLib : null,
      speed: measureSpeed(() => performance.now()),
    };
    let stopLanding = () => {};
    let stopSweeping = async () => {};
    let stopMirroring = async () => {};
    let stopGuarding = async () => {};
    const mlflow = openMlflow(process.config);
    const mirror = mlflow && (await openMirrorStore(process.pool));
    const unmirrored = (error: unknown) => process.log.warn({ err: error }, "runs could not be mirrored");
    const unswept = (error: unknown) =>
      process.log.warn({ err: error }, "exports could not be swept; it is tried again");
    const unguarded = (error: unknown) =>
      process.log.warn({ err: error }, "running tests could not be guarded; it is tried again");
    const worker = { ...deps, processes, log: process.log, worker: `${hostname()}/${pid}/${workers++}` };
    return {
      deps,
      // A thread a trial: as many at once as one training would have.
      parts: { concurrency: threads, does: (id, signal) => doTrial(id, signal, worker) },
      started: async () => {
        stopLanding = startLanding(deps, process);
        stopGuarding = repeat(guardEveryMs, () => guardTests(deps, process), unguarded);
        if (mlflow && mirror)
          stopMirroring = repeat(1000, patientMirroring({ ...deps, ...process, mlflow, mirror }), unmirrored);
        stopSweeping = repeat(60_000, () => sweepExports(deps.home, process.now()), unswept);
      },
      close: async () => {
        stopLanding();
        processes.close();
        await deps.parts?.close();
        await Promise.all([stopSweeping(), stopMirroring(), stopGuarding()]);
        await deps.keyed.close();
      },
    };
  },
});
if (import.meta.main) await run(ml);
