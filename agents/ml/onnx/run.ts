import { sha256 } from "@muster/shared/canonical.ts";
import { fault } from "@muster/shared/fault.ts";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { FeatureColumn } from "../matrix.ts";
import { inspect } from "./allow.ts";
import { inputName, outputNames, rowsInput, runtimeText } from "./inputs.ts";

/**
 * What a model says of n rows. `margins` n × k row-major. Classes: `probabilities` n × k row-major and `labels`, the
 * index of the served class at the recorded threshold. Regression: `values`.
 */
export type ModelOutput =
  | {
      kind: "classes";
      rows: number;
      margins: Float64Array;
      probabilities: Float32Array;
      labels: Int32Array;
      classes: number;
    }
  | { kind: "values"; rows: number; margins: Float64Array; values: Float64Array };

export type OpenModel = {
  /** The features it reads, in order. */
  readonly features: readonly { name: string; type: "number" | "category" }[];
  /** Scores rows given as columns, matched by name. `rows` is needed only where the model has no inputs. `invalid_input` for a missing or wrong column. */
  run(columns: readonly FeatureColumn[], rows?: number): Promise<ModelOutput>;
  /** Frees the session's memory; a run under way must have ended. */
  close(): Promise<void>;
};

/**
 * Opens model bytes for scoring: the hash first (`precondition_failed` when the bytes aren't those that were
 * registered), then the operators they hold, and only then a session of the runtime.
 * `threads` is the session's own (default 1: a serving process scales by requests, not inside one).
 */
export async function openModel(
  bytes: Uint8Array,
  { expectedSha256, threads = 1 }: { expectedSha256: string; threads?: number },
): Promise<OpenModel> {
  if (sha256(bytes) !== expectedSha256) {
    throw fault("precondition_failed", "the model's bytes aren't the registered ones; register the model again");
  }
  inspect(bytes);
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionProviders: ["cpu"],
    logSeverityLevel: 3,
  }).catch((error: unknown) => {
    throw fault("invalid_input", "the runtime can't open this model file", {}, error);
  });
  const inputs = session.inputMetadata.map((input) => {
    const type = input.isTensor ? input.type : "none";
    if (type !== "float64" && type !== "string") throw fault("invalid_input", "an input of the model has another type");
    return { graph: input.name, type: type === "string" ? ("category" as const) : ("number" as const) };
  });
  const features = inputs
    .filter((input) => input.graph !== rowsInput)
    .map(({ graph, type }) => ({ name: featureName(graph), type }));
  return {
    features,
    async run(columns, rows = columns[0]?.values.length ?? 0) {
      const byName = new Map(columns.map((column) => [inputName(column.name), column]));
      const feeds: Record<string, Tensor> = {};
      for (const { graph, type } of inputs) {
        feeds[graph] = graph === rowsInput ? zeros(rows) : tensorOf(byName.get(graph), graph, type, rows);
      }
      return readOutputs(await session.run(feeds), rows);
    },
    close: () => session.release(),
  };
}

const featureName = (graph: string): string =>
  graph.startsWith("/feature/") ? graph.slice("/feature/".length) : graph;

const zeros = (rows: number) => new Tensor("float64", new Float64Array(rows), [rows, 1]);

function tensorOf(column: FeatureColumn | undefined, name: string, type: FeatureColumn["type"], rows: number): Tensor {
  if (!column) throw fault("invalid_input", `the model needs the feature ${name}`);
  if (column.type !== type) throw fault("invalid_input", `the model wants the feature ${name} as ${type}`);
  if (column.values.length !== rows) throw fault("invalid_input", "the features have different numbers of rows");
  return column.type === "number"
    ? new Tensor("float64", column.values, [rows, 1])
    : new Tensor("string", column.values.map(runtimeText), [rows, 1]);
}

function readOutputs(outputs: InferenceSession.ReturnType, rows: number): ModelOutput {
  const margins = outputs[outputNames.margin]!.data as Float64Array;
  const value = outputs[outputNames.value];
  if (value) return { kind: "values", rows, margins, values: value.data as Float64Array };
  const probabilities = outputs[outputNames.probabilities]!;
  return {
    kind: "classes",
    rows,
    margins,
    probabilities: probabilities.data as Float32Array,
    labels: Int32Array.from(outputs[outputNames.label]!.data as BigInt64Array, Number),
    classes: probabilities.dims[1]!,
  };
}
