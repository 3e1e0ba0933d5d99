import { setImmediate } from "node:timers/promises";
import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import type { DatasetPin } from "@muster/shared/domain/dataset.ts";
import { EvaluationReport } from "@muster/shared/domain/evaluation-report.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import { datasetNode } from "@muster/shared/domain/lineage.ts";
import { type Evaluation, Explanation, type RunResult } from "@muster/shared/domain/model.ts";
import { type EntityExplanation, ModelExplanation } from "@muster/shared/domain/model-explanation.ts";
import { ModelRef } from "@muster/shared/domain/model-uri.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { checkNamed } from "../experiments/named-run.ts";
import { explainSample } from "../explain-sample.ts";
import { besideShares } from "../explanation/beside-shares.ts";
import { type EngineExplainer, engineExplainer } from "../explanation/engine-explainer.ts";
import { explainEntity } from "../explanation/entity.ts";
import { rowsOfSlice, SliceOf } from "../explanation/slice.ts";
import type { FittedModel } from "../fitted.ts";
import type { MlDeps } from "../index.ts";
import type { FeatureColumn } from "../matrix.ts";
import { explainerOf } from "../scoring/explainer.ts";
import { loadFitted } from "../scoring/load-fitted.ts";
import { rawColumnsOf } from "../scoring/raw-columns.ts";
import type { FeatureRows } from "../scoring/read-features.ts";
import { entityRow, sampleMatrix } from "../scoring/read-matrix.ts";
import { loadXgboost } from "../xgboost/library.ts";

/** Rows of the training file that importance is measured on at most, evenly spread; a slice is looked for among more. */
const mostRows = 2000;
const sliceRows = 20_000;

export const explainModel = tool({
  name: "explain_model",
  does: "Says what the model's output is associated with, in all, in a slice of the rows or for one entity: shares of contribution that add up to its margin, coefficients, dependence, what acts together.",
  effect: "read",
  long: true,
  input: z.object({
    /** The registered model that is meant, in the place of a dataset and a target. */
    model: ModelRef.optional(),
    /** The key of an entity: its newest row is explained, of those to be scored, else of those trained on. */
    entity: z.string().min(1).max(500).optional(),
    /** Rows of the training file to explain by themselves. */
    slice: SliceOf.optional(),
  }),
  output: Explanation.extend({ ...ModelExplanation.shape, verdict: z.string() }),
  needs: [
    { is: "run.finished", as: "run" },
    { is: "view.registered", as: "view" },
    { is: "features.materialized", role: "training", as: "training" },
    { is: "features.materialized", role: "scoring", as: "scoring", optional: true },
    { is: "model.evaluated", as: "evaluated", optional: true },
  ],
  gives: [{ is: "model.explained" }],
  cost: { ms: 2000 },
  run: async ({ model, run, view, training, scoring, evaluated, entity, slice }, context: Context & MlDeps) => {
    const { lake, getArtifact, lineage } = context;
    await checkNamed(model, run, context);
    lineage({ inputs: [datasetNode(training.dataset)] });
    const fitted = await loadFitted(run.artifacts.fitted, getArtifact);
    const features = view.view.features;
    const columnsOf = Object.fromEntries(features.map((feature) => [feature.name, rawColumnsOf(feature)]));
    // What was asked for is looked up first: a wrong name costs nothing.
    const asked =
      slice && rowsOfSlice((await sampleMatrix(lake, training.dataset, fitted.inputs, sliceRows)).columns, slice);
    const row = entity === undefined ? null : await rowOf(entity, { training, scoring }, fitted, context);
    const sample = await sampleMatrix(lake, training.dataset, fitted.inputs, mostRows);
    const engine = await engineOf(run, fitted, sample.columns, context);
    try {
      const found = await explainSample(fitted, sample.columns, sample.rows, columnsOf, setImmediate, { engine });
      const beside = await besideShares(fitted, sample, found.byFeature, engine, setImmediate);
      const inSlice =
        asked &&
        (await explainSample(fitted, asked.columns, asked.rows, columnsOf, setImmediate, {
          engine,
          reference: sample.columns,
        }));
      const explained = row && (await explainOne({ row, fitted, features, training: sample, engine }, context));
      return {
        ...found,
        ...beside,
        permutation: evaluated && (await permutationOf(evaluated, context)),
        slice: inSlice ? { rows: inSlice.rows, importance: inSlice.importance } : null,
        entity: explained,
        verdict: verdictOf(found, inSlice ?? null, explained),
      };
    } finally {
      engine?.free();
    }
  },
});

/** The engine's own models of the run, to explain by; null where it kept none. */
async function engineOf(
  run: RunResult,
  fitted: FittedModel,
  reference: FeatureColumn[],
  { getArtifact, xgboostLibrary }: Context & MlDeps,
): Promise<EngineExplainer | null> {
  if (run.artifacts.boosters.length === 0) return null;
  const boosters = await Promise.all(run.artifacts.boosters.map(getArtifact));
  // Of parts this small one thread is done before others have begun, and none waits for another on a busy machine.
  return engineExplainer(loadXgboost(xgboostLibrary), boosters, fitted, { threads: 1, reference });
}

type Matrices = { training: { dataset: DatasetPin }; scoring: { dataset: DatasetPin } | null };
type Found = { of: EntityExplanation["of"]; row: FeatureRows };

/** The newest row of an entity, of those to be scored before those trained on. `not_found` where it stands in neither. */
async function rowOf(entity: string, of: Matrices, fitted: FittedModel, { lake }: MlDeps): Promise<Found> {
  for (const role of ["scoring", "training"] as const) {
    const matrix = of[role];
    const row = matrix && (await entityRow(lake, matrix.dataset, fitted.inputs, entity));
    if (row) return { of: role, row };
  }
  const where = of.scoring
    ? "to be scored or trained on"
    : "trained on; write predictions first to explain those to be scored";
  throw fault("not_found", `no row of that entity is among those ${where}`);
}

async function explainOne(
  one: {
    row: Found;
    fitted: FittedModel;
    features: readonly Feature[];
    training: FeatureRows;
    engine: EngineExplainer | null;
  },
  { putArtifact }: Context,
): Promise<EntityExplanation> {
  const { row, fitted, features, training, engine } = one;
  const explain = engine?.explain ?? explainerOf(fitted, training.columns, 1).explain;
  const { details, ...told } = explainEntity({ ...row, fitted, features, training: training.columns, explain });
  return { ...told, details: await putArtifact(Buffer.from(JSON.stringify(details)), "application/json") };
}

/** Permutation importance as the look at the hold-out measured it; null where the look is from before there was a report. */
async function permutationOf({ reported }: Evaluation, { getArtifact }: Context) {
  if (reported === undefined) return null;
  const report = EvaluationReport.parse(JSON.parse(Buffer.from(await getArtifact(reported)).toString("utf8")));
  return report.permutation.features;
}

function verdictOf(found: Explanation, slice: Explanation | null, entity: EntityExplanation | null): string {
  const shares = ({ importance }: Explanation) =>
    importance
      .slice(0, 3)
      .map(({ name, importance: share }) => `${name} ${(100 * share).toFixed(0)} %`)
      .join(", ");
  if (found.importance.length === 0) return "the model reads no column";
  const strongest = entity?.contributions
    .slice(0, 3)
    .map(({ columns, direction }) => `${columns.join(" and ")} (${direction})`);
  return [
    `most associated with the output: ${shares(found)}`,
    ...(slice ? [`in the slice of ${slice.rows} rows: ${shares(slice)}`] : []),
    ...(strongest ? [`of the entity: ${strongest.join(", ") || "nothing"}`] : []),
  ].join("; ");
}
