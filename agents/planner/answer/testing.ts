import type { DriftReport } from "@muster/shared/domain/drift-report.ts";
import type { StepView } from "@muster/shared/domain/request.ts";
import type { AnswerInput, Facts } from "./facts.ts";

const hash = (letter: string) => letter.repeat(64);
const pin = (name: string) => `${name}@${hash("a")}`;

/** Facts of a finished main job over contracts. */
export const eventFacts = (): Facts => ({
  "problem.defined": {
    hash: hash("b"),
    name: "churn",
    dataset: "contracts",
    target: "churn",
    task: "binary",
    entity: "customer_id",
    time: null,
    cutoffs: { training: ["2025-07-01", "2025-10-01"], holdout: "2026-01-01", scoring: "2026-07-01" },
    horizon: { count: 1, unit: "quarter" },
    label: { kind: "ended", start: "start_date", end: "end_date", graceDays: 30 },
    labelDelayDays: 30,
    metric: "roc_auc",
    exclusions: [],
    holdout: { kind: "last_cutoff", cutoff: "2026-01-01" },
    now: "2026-06-30T23:00:00Z",
    sentence: "Will it end?",
    assumptions: [],
  },
  "training.cleared": {
    datasets: [pin("contracts"), pin("customers")],
    columns: {
      "customers.email": {
        role: "none",
        use: null,
        reason: "e-mail addresses are personal data (found by name)",
        pii: true,
      },
    },
    dropped: [],
    obligations: [],
    policies: ["analytics"],
  },
  "features.suggested": {
    features: [],
    reasons: [],
    dropped: [
      { name: "customers.email", reason: "not cleared for learning", number: null },
      {
        name: "contracts.termination_code",
        reason: "filled only once the interval has ended: it isn't known at the cutoff (share of ended rows filled)",
        number: 0.9987,
      },
      {
        name: "customers.account_status",
        reason: "overwritten in place: status_updated_at lies after the cutoff (share of training rows)",
        number: 0.4123,
      },
      {
        name: "payments.payment_id",
        reason: "id-like: it tells nearly every row apart (distinct values over rows)",
        number: 1,
      },
    ],
  },
  "training.estimated": {
    cpuSeconds: { low: 5, mid: 10, high: 20 },
    memoryMb: { low: 100, mid: 200, high: 300 },
    usd: { low: 0.0001, mid: 0.0002, high: 0.0004 },
    seconds: { low: 3, mid: 6, high: 12 },
    basedOn: { runs: 3, prior: false, error: 0.2 },
  },
  "run.finished": {
    run: "run_1",
    model: hash("c"),
    algorithm: "xgboost",
    task: "binary",
    classes: ["false", "true"],
    threshold: 0.3107,
    cv: { roc_auc: { mean: 0.8461, se: 0.0042 } },
    baseline: { roc_auc: 0.5 },
    beatsConstant: true,
    board: [
      {
        algorithm: "constant",
        parameters: {},
        cv: { roc_auc: { mean: 0.5, se: 0 } },
        seconds: 0.01,
        chosen: false,
        reason: "the baseline",
      },
      {
        algorithm: "linear",
        parameters: { penalty: 0.1 },
        cv: { roc_auc: { mean: 0.8391, se: 0.005 } },
        seconds: 1.2,
        chosen: false,
        reason: "0.007 behind",
      },
      {
        algorithm: "xgboost",
        parameters: { depth: 4 },
        cv: { roc_auc: { mean: 0.8461, se: 0.0042 } },
        seconds: 4.1,
        chosen: true,
        reason: "the best by 0.007",
      },
      {
        algorithm: "random_forest",
        parameters: {},
        cv: {},
        seconds: 0,
        chosen: false,
        reason: "skipped: needs 512 MB, had 256",
      },
    ],
    dropped: [
      {
        name: "plan_code",
        reason: "alone it has an area under the ROC curve of 0.9991: it knows the answer",
        number: 0.9991,
      },
    ],
    features: ["tenure"],
    training: pin("churn_training"),
    artifacts: { onnx: hash("d"), fitted: hash("e"), oof: hash("f"), boosters: [] },
    rows: 17000,
    classCounts: [15300, 1700],
    constant: [0.9, 0.1],
    validation: "folds by entity",
    columns: 22,
    folds: 5,
    rounds: 120,
    seed: 7,
    threads: 2,
    engine: "libxgboost 1.7.4",
    cpuSeconds: 12.34,
    seconds: 7.1,
    peakMemoryMb: 211.7,
  },
  "model.evaluated": {
    metrics: { roc_auc: 0.85044, average_precision: 0.4117, brier: 0.0712 },
    intervals: { roc_auc: [0.8301, 0.8702], average_precision: [0.36, 0.46] },
    baseline: { roc_auc: 0.5, average_precision: 0.099 },
    look: 1,
    rows: 8800,
    threshold: 0.3107,
    calibration: { brier: 0.0712, slope: 0.98, intercept: 0.01 },
    exploratory: false,
    predictions: hash("1"),
  },
  "model.explained": {
    importance: [
      { name: "usage_weekly.logins", importance: 0.412 },
      { name: "payments.status", importance: 0.2233 },
    ],
    byFeature: [],
    method: "tree_shap",
    rows: 2000,
  },
  "model.registered": { name: "churn", version: 3, hash: hash("c") },
  "deployment.live": { name: "churn", version: 3, hash: hash("c"), url: "http://127.0.0.1:4281/v2/models/churn/infer" },
  "predictions.written": { dataset: "churn_scores", pin: pin("churn_scores"), rows: 9512 },
  "monitoring.started": { schedule: "sch_1", cron: "0 2 * * *", nextRun: "2026-11-22T02:00:00Z" },
});

/** Facts of a finished job over a flat table. */
export const flatFacts = (): Facts => {
  const facts = eventFacts();
  return {
    ...facts,
    "problem.defined": {
      ...facts["problem.defined"]!,
      name: "cnt",
      dataset: "bike_sharing",
      target: "cnt",
      task: "regression",
      entity: null,
      cutoffs: { training: [], holdout: null, scoring: null },
      horizon: null,
      label: { kind: "column", column: "cnt", positive: null },
      labelDelayDays: 0,
      metric: "rmse",
    },
    "model.evaluated": {
      ...facts["model.evaluated"]!,
      metrics: { rmse: 42.6071, mae: 27.31, r2: 0.9412 },
      intervals: { rmse: [41.2, 44.05] },
      baseline: { rmse: 181.3 },
      threshold: null,
    },
    "run.finished": { ...facts["run.finished"]!, threshold: null, task: "regression", board: [] },
  };
};

const report: DriftReport = {
  verdict: "drifted",
  reason: "2 of 9 columns survive the correction, together 0.61 of the model's importance",
  method: "default",
  reference: "training window ad3f",
  current: "prediction log from 2026-07-01",
  rows: { reference: 5000, current: 800 },
  share: 2 / 9,
  columns: [
    {
      name: "logins",
      method: "ks",
      score: 0.3123,
      threshold: 0.081,
      pValue: 0.0001,
      effect: 0.31,
      importance: 0.41,
      missing: { reference: 0, current: 0 },
      newCategories: 0,
      newShare: 0,
      verdict: "drifted",
    },
    {
      name: "plan",
      method: "jensen_shannon",
      score: 0.01,
      threshold: 0.09,
      pValue: 0.7,
      effect: 0.01,
      importance: 0.1,
      missing: { reference: 0, current: 0 },
      newCategories: 0,
      newShare: 0,
      verdict: "not_drifted",
    },
  ],
  leftOut: [],
  prediction: null,
  performance: null,
  baseline: { kind: "permutation", permutations: 500, sampled: null, chunks: 0, chunkRows: 0, season: [], seed: 7 },
};

/** Facts of a drift check. */
export const driftFacts = (): Facts => ({ "drift.checked": { deployment: "churn", report } });

/** A step that succeeded, there for a fact. */
export const step = (id: string, because: string, tool = "ml.some_tool", more: Partial<StepView> = {}): StepView => ({
  ...{ id, tool, because, after: [], wave: 1, status: "succeeded", attempt: 1, elapsedMs: 3, input: {}, output: {} },
  ...{ verdict: "done", receipts: [], error: null },
  ...more,
});

/** The steps that gave these facts: `s00000001`, `s00000002` … in their order. */
export const stepsFor = (facts: Facts): StepView[] =>
  Object.keys(facts).map((fact, i) => step(`s${String(i + 1).padStart(8, "0")}`, fact));

/** Everything an answer is made of, for a request that did it all itself. */
export const inputFor = (
  intent: AnswerInput["intent"],
  facts: Facts,
  more: Partial<AnswerInput> = {},
): AnswerInput => ({
  ...{ intent, facts, steps: stepsFor(facts), seconds: 14.26, standing: false },
  ...more,
});
