import { fault } from "@muster/shared/fault.ts";
import { parseValue } from "@muster/shared/features/raw.ts";
import type { FeatureColumn } from "../matrix.ts";
import { type ModelOutput, type OpenModel, openModel } from "../onnx/run.ts";
import { intervalAt, scaledBy } from "../prediction-interval.ts";
import { emptyColumns, featurePlan, fillFeatures } from "./feature-plan.ts";
import type { Found, GoldenRows, Prediction, ServedModel } from "./served-model.ts";
import { listed, type RawTable } from "./table.ts";

/** A request's answer: one prediction a row; `probabilities` row-major, k a row (null for a regression). */
export type ScoredRows = {
  rows: number;
  predictions: Prediction[];
  probabilities: Float32Array | null;
  /** Both ends of each row's interval, by the version that answered it; null where it gives none. */
  ends: { low: Float64Array; high: Float64Array } | null;
  /** What the graph read: for the prediction log. */
  features: FeatureColumn[];
  featuresAsOf: string | null;
};

export type LoadedModel = {
  readonly served: ServedModel;
  score(table: RawTable, now: Date): Promise<ScoredRows>;
  close(): Promise<void>;
};

/** Rows per run of the graph: between two runs other requests get their turn. */
const chunkRows = 4096;

/**
 * Opens a model and makes sure that it can answer before any request meets it: bytes, features and classes fit, one
 * row runs (which also fills the runtime's caches), golden rows agree with the engine to 1e-5·max(1, |b|).
 */
export async function loadModel(served: ServedModel, golden: GoldenRows | null = null): Promise<LoadedModel> {
  const open = await openModel(served.onnx, { expectedSha256: served.hash });
  try {
    const plan = featurePlan(served, open.features);
    const classes = classValues(served);
    await open.run(emptyColumns(plan, 1), 1).then((warm) => checkClasses(served, warm));
    if (golden) await compareGolden(open, golden);
    return {
      served,
      close: open.close,
      async score(table, now) {
        const found = served.lookup ? await lookUp(served.lookup.find.bind(served.lookup), table) : null;
        const features = emptyColumns(plan, table.rows);
        const at = cutoffOf(served, table, now);
        const online = served.online ? await served.online.find(table) : null;
        const out = emptyAnswer(served, features, table.rows, online?.asOf ?? null);
        for (let start = 0; start < table.rows; start += chunkRows) {
          const end = Math.min(start + chunkRows, table.rows);
          fillFeatures(plan, features, { table, found, online, at, start, end });
          const chunk = end - start === table.rows ? features : features.map((column) => slice(column, start, end));
          copyAnswer(out, await open.run(chunk, end - start), start, classes);
        }
        return { ...out, ends: endsOf(served, out) };
      },
    };
  } catch (error) {
    await open.close();
    throw error;
  }
}

async function lookUp(find: (keys: string[]) => Found[] | Promise<Found[]>, table: RawTable): Promise<Found[]> {
  if (!table.keys) throw fault("broken_contract", "features are looked up and the model's signature has no entity key");
  const found = await find(table.keys as string[]);
  const unknown = found.flatMap((entry, row) => (entry ? [] : [String(row)]));
  if (unknown.length > 0) {
    throw fault("not_found", `no features are known for the entity of row ${listed(unknown)}; materialize them first`);
  }
  return found;
}

function cutoffOf({ cutoff, lookup, name }: ServedModel, table: RawTable, now: Date): (row: number) => Date | null {
  if (cutoff.kind === "none") return () => null;
  if (cutoff.kind === "request") return () => now;
  if (cutoff.kind === "column") {
    const times = table.columns.get(cutoff.column);
    if (!times)
      throw fault("broken_contract", `model ${name} takes its cutoff from ${cutoff.column}, which isn't sent`);
    return (row) => {
      const time = times[row] ?? null;
      return time !== null && typeof time === "object" ? new Date(time.micros / 1000) : null;
    };
  }
  const at = cutoff.kind === "fixed" ? cutoff.at : lookup?.asOf;
  if (at === undefined)
    throw fault("broken_contract", `model ${name} takes its cutoff from features that it doesn't look up`);
  const moment = new Date(at);
  return () => moment;
}

/** The classes in the type of the target; dates stay text. */
function classValues({ output, name }: ServedModel): Prediction[] {
  return output.classes.map((label) => {
    if (output.target === "integer" || output.target === "number" || output.target === "boolean") {
      const value = parseValue(label, { name: "target", type: output.target });
      if (typeof value !== "number" && typeof value !== "boolean") {
        throw fault("broken_contract", `a class of model ${name} isn't of its target's type ${output.target}`);
      }
      return value;
    }
    return label;
  });
}

function checkClasses({ output, name }: ServedModel, warm: ModelOutput): void {
  const given = warm.kind === "classes" ? warm.classes : 0;
  if (given !== output.classes.length || (warm.kind === "values") !== (output.task === "regression")) {
    throw fault("broken_contract", `model ${name} has ${output.classes.length} classes and its graph ${given}`);
  }
}

async function compareGolden(open: OpenModel, { columns, rows, expected }: GoldenRows): Promise<void> {
  const output = await open.run(columns, rows);
  const given = output.kind === "values" ? output.values : output.probabilities;
  const apart = expected.filter((b, i) => !(Math.abs(given[i]! - b) <= 1e-5 * Math.max(1, Math.abs(b)))).length;
  if (given.length !== expected.length || apart > 0) {
    throw fault(
      "unfit",
      `the graph differs from the engine in ${apart} of ${expected.length} golden values; it isn't served`,
    );
  }
}

/** Features of both kinds know as much as the older of them. */
const emptyAnswer = (
  { output, lookup }: ServedModel,
  features: FeatureColumn[],
  rows: number,
  online: string | null,
): ScoredRows => ({
  rows,
  predictions: new Array<Prediction>(rows),
  probabilities: output.task === "regression" ? null : new Float32Array(rows * output.classes.length),
  ends: null,
  features,
  featuresAsOf: [lookup?.asOf ?? null, online].filter((at) => at !== null).sort()[0] ?? null,
});

function endsOf({ output: { interval } }: ServedModel, { predictions, features }: ScoredRows): ScoredRows["ends"] {
  if (!interval) return null;
  const at = scaledBy(interval, features);
  const around = predictions.map((value, row) => intervalAt(interval, Number(value), at?.[row]));
  return { low: Float64Array.from(around, ([low]) => low), high: Float64Array.from(around, ([, high]) => high) };
}

function copyAnswer(out: ScoredRows, chunk: ModelOutput, start: number, classes: Prediction[]): void {
  const numbers = chunk.kind === "values" ? chunk.values : chunk.probabilities;
  if (!numbers.every(Number.isFinite)) {
    throw fault("invalid_input", `a row after row ${start} gives no finite prediction: its numbers are too large`);
  }
  if (chunk.kind === "values") {
    for (let i = 0; i < chunk.rows; i++) out.predictions[start + i] = chunk.values[i]!;
    return;
  }
  for (let i = 0; i < chunk.rows; i++) out.predictions[start + i] = classes[chunk.labels[i]!]!;
  out.probabilities!.set(chunk.probabilities, start * chunk.classes);
}

const slice = (column: FeatureColumn, start: number, end: number): FeatureColumn =>
  column.type === "number"
    ? { ...column, values: column.values.subarray(start, end) }
    : { ...column, values: column.values.slice(start, end) };
