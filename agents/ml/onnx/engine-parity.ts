import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sha256 } from "@muster/shared/canonical.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { encode } from "../encode.ts";
import { fitDesign, fitTreeMatrix } from "../encode-fit.ts";
import type { Calibration, FittedModel } from "../fitted.ts";
import { type Labels, labelsFromNames } from "../labels.ts";
import { fitLinear } from "../linear/fit.ts";
import type { FeatureColumn } from "../matrix.ts";
import { predictFitted, probabilitiesOf } from "../score.ts";
import { parseCsv } from "../serving/csv.ts";
import { loadXgboost } from "../xgboost/library.ts";
import { engineMatrix } from "../xgboost/matrix.ts";
import { treesOf } from "../xgboost/model.ts";
import { type TreeObjective, type TreeParams, trainTrees } from "../xgboost/train.ts";
import { compile } from "./compile.ts";
import { openModel } from "./run.ts";

/** Where the whole files stand that parity is measured on; they come beside the checkout and may be absent. */
export const parityDatasets = fileURLToPath(new URL("../../../../shared/datasets/", import.meta.url));

const boosting: TreeParams = {
  ...{ rounds: 120, parallelTrees: 1, learningRate: 0.1, maxDepth: 6, minChildWeight: 1, lambda: 1, gamma: 0 },
  ...{ subsample: 0.8, columnsPerTree: 0.8, columnsPerSplit: 1, maxBins: 256 },
};
const forest: TreeParams = {
  ...boosting,
  rounds: 1,
  parallelTrees: 100,
  learningRate: 1,
  maxDepth: 10,
  subsample: 0.63,
};

type Data = { columns: FeatureColumn[]; labels: Labels };
/** A file's columns but `left` (and `target`), numbers where every cell is one, with every 11th cell taken for missing. */
function read(file: string, target: string, left: string[], task: FittedModel["task"]): Data {
  const { columns } = parseCsv(readFileSync(parityDatasets + file, "utf8"));
  const features = [...columns].filter(([name]) => name !== target && !left.includes(name));
  let cell = 0;
  const typed = features.map(([name, cells]): FeatureColumn => {
    const texts = cells.map((text) => (cell++ % 11 === 0 ? "" : String(text).trim()));
    return texts.every((text) => text === "" || Number.isFinite(Number(text)))
      ? { name, type: "number", values: Float64Array.from(texts, (text) => (text === "" ? Number.NaN : Number(text))) }
      : { name, type: "category", values: texts };
  });
  const names = columns.get(target)!.map(String);
  const numbers = { task: "regression" as const, classes: [], values: Float64Array.from(names, Number) };
  return { columns: typed, labels: task === "regression" ? numbers : labelsFromNames(names, task, null) };
}

const telco = () => read("telco_churn/telco_churn.csv", "Churn", ["customerID"], "binary");
const contract = () => read("telco_churn/telco_churn.csv", "Contract", ["customerID"], "multiclass");
const bikes = () => read("bike_sharing/bike_hourly.csv", "cnt", ["instant"], "regression");
const platt: Calibration = { kind: "platt", slope: 1.2, intercept: -0.3 };
const none: Calibration = { kind: "none" };

/** How far a compiled graph is from its engine over every row of a file: the largest |a−b| / max(1, |b|), and flipped labels. */
export type Parity = { rows: number; worst: number; flips: number };

/** Margins, probabilities or values of the compiled graph against what was given, over every row. */
async function compare(model: FittedModel, columns: FeatureColumn[], margins: Float64Array[]): Promise<Parity> {
  const bytes = compile(model);
  const open = await openModel(bytes, { expectedSha256: sha256(bytes) });
  const output = await open.run(columns);
  await open.close();
  const classes = model.task === "regression" ? null : probabilitiesOf(margins, model.calibration);
  let worst = 0;
  let flips = 0;
  const look = (a: number, b: number) => {
    const off = Math.abs(a - b) / Math.max(1, Math.abs(b));
    // NaN is kept: it would be lost in a maximum.
    if (!(off <= worst)) worst = off;
  };
  for (let row = 0; row < output.rows; row++) {
    for (const [k, margin] of margins.entries()) look(output.margins[row * margins.length + k]!, margin[row]!);
    if (output.kind === "values" || !classes) continue;
    const p = classes.map((column) => column[row]!);
    for (const [k, wanted] of p.entries()) look(output.probabilities[row * p.length + k]!, wanted);
    const gap = model.threshold === null ? gapOf(p) : Math.abs(p[1]! - model.threshold);
    const label = model.threshold === null ? p.indexOf(Math.max(...p)) : Number(p[1]! >= model.threshold);
    if (gap > 1e-6 && label !== output.labels[row]) flips++;
  }
  return { rows: output.rows, worst, flips };
}

const gapOf = (p: number[]): number => {
  const sorted = p.toSorted((a, b) => b - a);
  return sorted[0]! - sorted[1]!;
};

async function compareTrees(
  { columns, labels }: Data,
  params: TreeParams,
  link: TreeObjective["link"],
  calibration: Calibration,
): Promise<Parity> {
  const { model: encoding, matrix } = fitTreeMatrix(columns, labels, seededRandom(5));
  const xgboost = loadXgboost();
  const train = engineMatrix(xgboost, matrix, { labels: Float32Array.from(labels.values), threads: 1 });
  const groups = link === "softmax" ? labels.classes.length : 1;
  const objective = { link, groups, baseScore: link === "logistic" ? 0.3 : 0.5 };
  const { booster } = trainTrees(xgboost, train, { params, objective, seed: 3, threads: 1 });
  const estimator = treesOf(booster, "xgboost");
  const served = engineMatrix(xgboost, encode(encoding, columns), { threads: 1 });
  const margins = booster.margins(served);
  for (const item of [train, served, booster]) item.free();
  const { task, classes } = labels;
  const threshold = task === "binary" ? 0.31 : null;
  return compare({ task, classes, ...encoding, estimator, calibration, threshold }, columns, margins);
}

async function compareLinear({ columns, labels }: Data, link: "logistic" | "identity"): Promise<Parity> {
  const { model: encoding, design } = fitDesign(columns, labels, seededRandom(5));
  const options = { link, classes: 1, penalties: [1], splits: [] };
  const { estimator } = fitLinear(design, labels.values, options);
  const { task, classes } = labels;
  const threshold = task === "binary" ? 0.31 : null;
  const model: FittedModel = { task, classes, ...encoding, estimator, calibration: none, threshold };
  return compare(model, columns, predictFitted(model, columns).margins);
}

const tempered: Calibration = { kind: "temperature", temperature: 1.4 };

/** What parity is measured on: models of each kind over whole files; trees against XGBoost itself, linear ones against ours. */
export const parityCases: readonly { name: string; measure: () => Promise<Parity> }[] = [
  { name: "boosted trees, churn", measure: () => compareTrees(telco(), boosting, "logistic", platt) },
  { name: "a forest, churn", measure: () => compareTrees(telco(), forest, "logistic", none) },
  {
    name: "boosted trees, three contracts",
    measure: () => compareTrees(contract(), { ...boosting, rounds: 40 }, "softmax", tempered),
  },
  { name: "boosted trees, bikes in an hour", measure: () => compareTrees(bikes(), boosting, "identity", none) },
  { name: "logistic regression, churn", measure: () => compareLinear(telco(), "logistic") },
  { name: "ridge regression, bikes in an hour", measure: () => compareLinear(bikes(), "identity") },
];
