import { existsSync } from "node:fs";
import { detectDrift } from "@muster/ml/drift/detect.ts";
import { byEvidently } from "@muster/ml/drift/evidently.ts";
import { independentRows, tenColumns, timeBlocks } from "@muster/ml/drift/simulate.ts";
import {
  californiaSmall,
  californiaWhole,
  employment2018,
  nannymlFolder,
  readCalifornia,
  readEmployment,
  rowsBetween,
} from "@muster/ml/drift/testing-evidently.ts";
import type { FeatureColumn } from "@muster/ml/matrix.ts";
import type { DriftReport } from "@muster/shared/domain/drift-report.ts";
import { fault } from "@muster/shared/fault.ts";
import { seededRandom } from "@muster/shared/random.ts";
import { rocAuc } from "@muster/shared/stats/metrics.ts";
import { type Evaluation, type Measured, round } from "../support/measure.ts";

const sizes = [50, 200, 1000, 10_000];
const repetitions = 100;
const reference = 10_000;
const blockRows = 50;
/** A year of survey rows as they come: neighbours are of one household. No year differs from itself. */
const survey = ["AGEP", "SCHL", "MAR", "RELP", "DIS", "CIT", "MIG", "ANC", "SEX", "RAC1P"] as const;

const history = () => readEmployment("employment_MA_reference.parquet", survey);

/** How many reports of windows without drift say drifted, by the current window's rows. */
async function falseAlarms(): Promise<Measured> {
  const rows = await history();
  const found = sizes.map((current) => {
    const setting = { reference, current, repetitions, seed: current };
    return {
      current,
      reports: repetitions,
      timeBlocks: timeBlocks(setting, rows, blockRows).drifted,
      independent: independentRows(setting).drifted,
    };
  });
  const figures = Object.fromEntries(
    found.flatMap(({ current, timeBlocks: blocks, independent }) => [
      [`falseAlarmsTimeBlocksAt${current}`, round(blocks)],
      [`falseAlarmsIndependentAt${current}`, round(independent)],
    ]),
  );
  return { figures, cases: found };
}

/** How often a shift of one deviation in one of ten columns is found, and what 8 rows say. */
async function power(): Promise<Measured> {
  const setting = { reference, current: 1000, repetitions, seed: 17, shift: 1 };
  const independent = independentRows(setting).drifted;
  const blocks = timeBlocks(setting, await history(), blockRows).drifted;
  const random = seededRandom(8);
  const eight = detectDrift({
    ...{ reference: tenColumns(5000, random), current: tenColumns(8, random), importance: null, seed: 1 },
    ...{ method: "default" as const, moving: [], windows: { reference: "5,000 rows", current: "8 rows" } },
  });
  return {
    figures: {
      shiftFoundIndependentAt1000: round(independent),
      shiftFoundTimeBlocksAt1000: round(blocks),
      verdictAt8Rows: eight.verdict,
    },
    cases: [],
  };
}

/** The compatibility mode against numbers computed in Python: how many, and the largest relative difference. */
async function known(): Promise<Measured> {
  const [before, now] = ["reference", "analysis"].map((name) => readCalifornia(`california_housing_${name}.csv`)) as [
    FeatureColumn[],
    FeatureColumn[],
  ];
  const of = (columns: FeatureColumn[], name: string) => columns.find((column) => column.name === name)!;
  const names = employment2018.map(([name]) => name);
  const year2015 = await readEmployment("employment_MA_reference.parquet", names);
  const year2018 = await readEmployment("employment_MA_analysis.parquet", names, "year = 2018");
  const cases = [
    ...californiaWhole.map(([name, method, score]) => {
      const found = byEvidently({ name, reference: of(before, name), current: of(now, name) })!;
      return { set: "california", name, method, wanted: score, found: found.score!, same: found.method === method };
    }),
    ...californiaSmall.map(([name, method, p]) => {
      const part = (from: number) => of(rowsBetween(before, from, from + 800), name);
      const found = byEvidently({ name, reference: part(0), current: part(800) })!;
      return {
        set: "california, 800 rows",
        name,
        method,
        wanted: p,
        found: found.pValue!,
        same: found.method === method,
      };
    }),
    ...employment2018.map(([name, method, score]) => {
      const found = byEvidently({ name, reference: of(year2015, name), current: of(year2018, name) })!;
      return { set: "employment", name, method, wanted: score, found: found.score!, same: found.method === method };
    }),
  ].map((one) => ({ ...one, difference: Math.abs(one.found / one.wanted - 1) }));
  const equal = cases.filter((one) => one.same && one.difference < 1e-9).length;
  return {
    figures: {
      compatibilityNumbers: cases.length,
      compatibilityEqual: equal,
      compatibilityLargestDifference: round(Math.max(...cases.map((one) => one.difference))),
    },
    cases,
  };
}

/** A set with labels: its reference and current windows in order, what the model scored, and what came true. */
type Labelled = { set: string; reference: Window; windows: (Window & { name: string })[] };
type Window = { columns: FeatureColumn[]; scores: FeatureColumn; labels: Float64Array };

const numbersOf = (column: FeatureColumn): Float64Array => column.values as Float64Array;
const aucOf = ({ scores, labels }: Window): number => rocAuc(labels, numbersOf(scores));
const scoredOf = ({ scores, labels }: Window) => ({
  ...{ task: "binary" as const, labels },
  probabilities: numbersOf(scores),
});

function california(): Labelled {
  const windowOf = (columns: FeatureColumn[], labels: FeatureColumn): Window => ({
    columns: columns.filter(({ name }) => /^[A-Z]/.test(name)),
    scores: columns.find(({ name }) => name === "y_pred_proba")!,
    labels: numbersOf(labels),
  });
  const before = readCalifornia("california_housing_reference.csv");
  const target = (columns: FeatureColumn[]) => columns.find(({ name }) => name === "clf_target")!;
  const analysis = readCalifornia("california_housing_analysis.csv");
  const truth = readCalifornia("california_housing_analysis_gt.csv");
  const rows = 1029;
  return {
    set: "california",
    reference: windowOf(before, target(before)),
    windows: Array.from({ length: 8 }, (_, i) => {
      const cut = (columns: FeatureColumn[]) => rowsBetween(columns, i * rows, (i + 1) * rows);
      return { name: `rows ${i * rows} to ${(i + 1) * rows}`, ...windowOf(cut(analysis), target(cut(truth))) };
    }),
  };
}

async function employment(): Promise<Labelled> {
  const names = [...survey, "predicted_probability"];
  const windowOf = (columns: FeatureColumn[], labels: Float64Array): Window => ({
    columns: columns.slice(0, -1),
    scores: columns.at(-1)!,
    labels,
  });
  const before = await readEmployment("employment_MA_reference.parquet", [...names, "employed"]);
  const ids = await readEmployment("employment_MA_analysis.parquet", ["id", "year"]);
  const truth = await readEmployment("employment_MA_analysis_target.parquet", ["id", "employed"]);
  const told = numbersOf(truth[1]!);
  const employed = new Map(Array.from(numbersOf(truth[0]!), (id, i) => [id, told[i]!] as const));
  const windows: Labelled["windows"] = [];
  for (const year of [2016, 2017, 2018]) {
    const columns = await readEmployment("employment_MA_analysis.parquet", names, `year = ${year}`);
    const own = numbersOf(ids[0]!).filter((_, i) => numbersOf(ids[1]!)[i] === year);
    windows.push({
      name: String(year),
      ...windowOf(
        columns,
        own.map((id) => employed.get(id) ?? Number.NaN),
      ),
    });
  }
  return { set: "employment", reference: windowOf(before.slice(0, -1), numbersOf(before.at(-1)!)), windows };
}

type Found = {
  set: string;
  window: string;
  rows: number;
  verdict: string;
  columns: string;
  prediction: string;
  performance: string;
  aucBefore: number;
  auc: number;
  worse: string;
};

/** What is found on both sets with labels, window by window, beside what the labels say. */
async function labels(): Promise<Measured> {
  const cases: Found[] = [];
  for (const { set, reference: before, windows } of [california(), await employment()])
    for (const window of windows) {
      const report: DriftReport = detectDrift({
        ...{ reference: before.columns, current: window.columns, importance: null, seed: 1, method: "default" },
        ...{ moving: [], windows: { reference: `${set} reference`, current: window.name } },
        prediction: { reference: before.scores, current: window.scores },
        performance: { reference: scoredOf(before), current: scoredOf(window) },
      });
      const drifted = report.columns.filter(({ verdict }) => verdict === "drifted").map(({ name }) => name);
      cases.push({
        ...{
          set,
          window: window.name,
          rows: window.labels.length,
          verdict: report.verdict,
          columns: drifted.join(" "),
        },
        ...{ prediction: report.prediction!.verdict, performance: report.performance!.verdict },
        ...{ aucBefore: round(aucOf(before)), auc: round(aucOf(window)) },
        worse: report
          .performance!.metrics.filter(({ verdict }) => verdict === "drifted")
          .map(({ metric }) => metric)
          .join(" "),
      });
    }
  const figures = Object.fromEntries(
    ["california", "employment"].flatMap((set) => {
      const own = cases.filter((one) => one.set === set);
      const count = (of: (one: Found) => boolean) => own.filter(of).length;
      const dataDrifted = (one: Found) => one.columns !== "" || one.prediction === "drifted";
      return [
        [`${set}Windows`, own.length],
        [`${set}DataOrPredictionsDrifted`, count(dataDrifted)],
        [`${set}WorseByLabels`, count(({ performance }) => performance === "drifted")],
        [`${set}WorseAndDataDrifted`, count((one) => one.performance === "drifted" && dataDrifted(one))],
        [`${set}DriftedAndNotWorse`, count((one) => one.performance !== "drifted" && dataDrifted(one))],
      ];
    }),
  );
  return { figures, cases };
}

const parts = { false_alarms: falseAlarms, power, known, labels };

/** The drift check against windows of which it is known whether they drifted. */
export const evaluation: Evaluation = {
  name: "drift",
  does: "false alarms on windows without drift, shifts found, equality with Evidently's numbers, and what is found on two public sets beside their labels",
  parts: Object.keys(parts),
  async run(part) {
    if (!existsSync(nannymlFolder))
      throw fault("unavailable", "the public datasets aren't beside the checkout: ../shared/datasets/nannyml_drift");
    const chosen = part === undefined ? Object.values(parts) : [parts[part as keyof typeof parts]];
    const all: Measured = { figures: {}, cases: [] };
    for (const measure of chosen) {
      const { figures, cases } = await measure();
      Object.assign(all.figures, figures);
      all.cases.push(...cases);
    }
    return all;
  },
};
