import { setImmediate } from "node:timers/promises";
import type { DatasetManifest, DatasetPin } from "@muster/shared/domain/dataset.ts";
import { fault } from "@muster/shared/fault.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { takeRows } from "../encode.ts";
import { typicalValues } from "../explain.ts";
import type { FittedModel } from "../fitted.ts";
import type { FeatureColumn } from "../matrix.ts";
import type { ModelOutput, OpenModel } from "../onnx/run.ts";
import { intervalAt, scaledBy } from "../prediction-interval.ts";
import type { ServingPackage } from "../serving/package.ts";
import { explainerOf, type ReasonMethod } from "./explainer.ts";
import { matrixPages, sampleMatrix } from "./read-matrix.ts";
import { reasonText, rowReasons } from "./row-reasons.ts";
import { type Cell, writeRows } from "./rows-file.ts";
import { derivedName, scoreColumns } from "./score-columns.ts";

const pageRows = 4096;
/** Rows explained between two breaths: leases are renewed and cancellations heard in between. */
const breathRows = 32;
/** Training rows that typical values and means are taken from, evenly spread. */
const typicalRows = 20_000;

/** What is scored: a matrix, by the bytes that are live. */
export type Scoring = {
  lake: Lake;
  served: ServingPackage;
  fitted: FittedModel;
  model: OpenModel;
  scoring: DatasetPin;
  now: Date;
  signal: AbortSignal;
  progress: (share: number, note: string) => void;
};

/** The written scores and how their reasons were computed. */
export type WrittenScores = { manifest: DatasetManifest; reasons: ReasonMethod };

/**
 * Scores every row of a matrix into the dataset `<model>_scores`: the entity's key, the cutoff, the prediction (a number
 * with its interval where the model has one), a probability for each class, the three strongest reasons in words, the version and the time. Nothing else of the row.
 */
export async function writeScores(scoring: Scoring): Promise<WrittenScores> {
  const { lake, served, fitted, now } = scoring;
  const { rows } = await lake.manifest(scoring.scoring);
  if (rows === 0) throw fault("unfit", "there is no row to score; load data whose outcome is still open");
  const training = await sampleMatrix(lake, served.training, served.features, typicalRows);
  const explainer = explainerOf(fitted, training.columns, rows);
  const reasonsOf = rowReasons(fitted, served.view.features, typicalValues(training.columns));
  const { classes, target, interval } = served.output;
  const layout = scoreColumns(served.input.entity, classes, target, interval !== null);
  const manifest = await writeRows(lake, {
    name: derivedName(served.name, "scores"),
    kind: "scores",
    columns: layout.columns,
    rows: scoredRows(scoring, rows, (columns, output) => {
      const contributions = explainer.explain(columns);
      if (contributions.length === 0) return [];
      // One output's contributions are those of the positive class or the value; several have one for each class.
      const margin = (row: number) => (contributions.length > 1 && output.kind === "classes" ? output.labels[row]! : 0);
      const of = output.kind === "values" ? "value" : "score";
      return reasonsOf(contributions, columns, margin).map((list) => list.map((reason) => reasonText(reason, of)));
    }),
    time: null,
    origin: `scores of ${served.name} version ${served.version}`,
    now,
  });
  return { manifest, reasons: explainer.method };
}

type Reasons = (columns: FeatureColumn[], output: ModelOutput) => string[][];

async function* scoredRows(scoring: Scoring, rows: number, reasonsOf: Reasons): AsyncGenerator<Cell[]> {
  const { lake, served, model, now, signal, progress } = scoring;
  const at = now.toISOString();
  for await (const page of matrixPages(lake, scoring.scoring, served.features, pageRows)) {
    for (let start = 0; start < page.rows; start += breathRows) {
      signal.throwIfAborted();
      await setImmediate();
      const length = Math.min(breathRows, page.rows - start);
      const columns = takeRows(
        page.columns,
        Int32Array.from({ length }, (_, i) => start + i),
      );
      const output = await model.run(columns, length);
      const reasons = reasonsOf(columns, output);
      const ahead = served.output.interval ? scaledBy(served.output.interval, columns) : null;
      for (let i = 0; i < length; i++) {
        const [first = null, second = null, third = null] = reasons[i] ?? [];
        const row = start + i;
        const answer = answerOf(output, i, served.output, ahead?.[i]);
        yield [page.entity[row]!, page.cutoff[row]!, ...answer, first, second, third, served.version, at];
      }
    }
    progress(Math.min(0.95, (page.start + page.rows) / rows), `scored ${page.start + page.rows} of ${rows} rows`);
  }
}

function answerOf(
  output: ModelOutput,
  row: number,
  { classes, interval }: ServingPackage["output"],
  ahead?: number,
): Cell[] {
  if (output.kind === "values") {
    const value = output.values[row]!;
    return interval ? [value, ...intervalAt(interval, value, ahead)] : [value];
  }
  const probabilities = output.probabilities.subarray(row * output.classes, (row + 1) * output.classes);
  return [classes[output.labels[row]!]!, ...probabilities];
}
