import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { sha256 } from "@muster/shared/canonical.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { ExportedFile } from "@muster/shared/domain/exported-run.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { readHoldout, readOutOfFold } from "../experiments/kept-answers.ts";
import { runOf } from "../experiments/resolve.ts";
import { evaluationOf } from "../experiments/trained-facts.ts";
import { makeExport } from "../export/folder.ts";
import { exportable, writeMatrix } from "../export/matrix-file.ts";
import { notebookOf, requirements } from "../export/notebook.ts";
import { answerColumns, type NumberColumn, parquetOf } from "../export/parquet.ts";
import { signatureOf } from "../export/signature.ts";
import { answersOf } from "../holdout.ts";
import type { MlDeps } from "../index.ts";
import { openModel } from "../onnx/run.ts";
import { loadFitted } from "../scoring/load-fitted.ts";

/** Rows of the matrix whose scores are exported beside the model, so that its bytes can be held to them. */
const referenceRows = 1000;

/**
 * Packs a run so that its figures can be recomputed elsewhere. The effect is `write`: the files are handed to the person who
 * asks, at the door where they signed in, and governance decides what of the rows that person may see; nothing is sent to
 * anybody else. The matrix stands in a folder of the home for a quarter of an hour and isn't kept.
 */
export const exportRun = tool({
  name: "export_run",
  does: "Packs a run: training matrix, out-of-fold and hold-out predictions, ONNX, signature, and a notebook that reproduces the metrics in Python. Files are fetched at the gateway by the one who asked.",
  effect: "write",
  long: true,
  // A run is exported as it was: its matrix may have newer versions.
  fresh: false,
  input: z.object({
    /** The run's id, `runs:/ID`, `models:/NAME/VERSION` or `models:/NAME@ALIAS`. */
    run: z.string().min(1).max(200),
    /** The matrix that the run was trained on, as ml.get_ml_status names it; `muster export` looks it up. */
    dataset: DatasetRef,
  }),
  output: z.object({
    run: z.string(),
    training: z.string(),
    files: z.array(ExportedFile),
    left: z.array(z.object({ name: z.string(), reason: z.string() })),
    verdict: z.string(),
  }),
  needs: [{ is: "access.cleared", of: "dataset", as: "access" }],
  gives: [
    {
      is: "run.exported",
      about: ({ run }) => ({ run }),
      value: ({ run, training, files }) => ({ run, training, files }),
    },
  ],
  cost: { ms: 3000 },
  run: async ({ run: asked, dataset, access }, context: Context & MlDeps) => {
    const { tracking, lake, evidence, getArtifact, putArtifact, progress, home, request, threads } = context;
    const run = await runOf(asked, context);
    const result = (await tracking.results([run.id])).get(run.id);
    if (!result)
      throw fault(
        "unfit",
        `${run.id} has nothing to export: it is ${run.origin === "outside" ? "a run of outside" : run.status}`,
      );
    if (result.training !== dataset)
      throw fault("invalid_input", `${run.id} was trained on ${result.training}; pass that as dataset`, {
        training: result.training,
      });
    await lake.standing(dataset);
    const fitted = await loadFitted(result.artifacts.fitted, getArtifact);
    const { columns } = await lake.manifest(dataset);
    const may = exportable(
      columns.map(({ name }) => name),
      access.columns,
      fitted.inputs.map(({ name }) => name),
    );
    const files: z.infer<typeof ExportedFile>[] = [];
    const keep = async (path: string, media: string, bytes: Uint8Array) => {
      const hash = await putArtifact(bytes, media);
      files.push({ path, media, sha256: hash, bytes: bytes.length, kept: "artifact" });
    };
    const numbers = async (path: string, list: NumberColumn[]) => keep(path, parquetMedia, await parquetOf(lake, list));

    progress(0.1, "writing the training matrix");
    const matrix = join(await makeExport(home, request!), "training.parquet");
    const first = await writeMatrix(lake, {
      ...{ pin: dataset, file: matrix, features: may.features, inputs: fitted.inputs, most: referenceRows },
    });
    const bytes = await readFile(matrix);
    files.push({
      path: "training.parquet",
      media: parquetMedia,
      sha256: sha256(bytes),
      bytes: bytes.length,
      kept: "file",
    });

    progress(0.5, "writing predictions");
    const onnx = await getArtifact(result.model);
    const open = await openModel(onnx, { expectedSha256: result.model, threads });
    const scores = await answersOf(open, first.columns, first.rows).finally(open.close);
    const { task } = result;
    await numbers("reference_scores.parquet", [
      { name: "row", sql: "BIGINT", values: first.row },
      ...answerColumns(task, scores),
    ]);
    const oof = await readOutOfFold(result.artifacts.oof, getArtifact);
    await numbers("out_of_fold.parquet", [
      { name: "row", sql: "BIGINT", values: oof.row },
      { name: "fold", sql: "INTEGER", values: oof.fold },
      { name: "label", sql: "DOUBLE", values: oof.label },
      ...answerColumns(task, oof.prediction),
    ]);
    const evaluation = await evaluationOf(result.model, evidence);
    if (evaluation) {
      const sealed = await readHoldout(evaluation.predictions, getArtifact);
      await numbers("holdout_predictions.parquet", [
        { name: "row", sql: "BIGINT", values: sealed.row },
        ...(sealed.cluster ? [{ name: "group", sql: "BIGINT" as const, values: sealed.cluster }] : []),
        { name: "label", sql: "DOUBLE", values: sealed.label },
        ...answerColumns(task, sealed.prediction),
      ]);
    }
    progress(0.9, "writing the notebook");
    await keep("model.onnx", "application/onnx", onnx);
    const target = run.target!;
    await keep("signature.json", "application/json", text(JSON.stringify(signatureOf(fitted, target), null, 1)));
    const { cv, baseline, seed, folds, validation, engine, algorithm, model } = result;
    const recorded = {
      ...{ run: run.id, model, algorithm, seed, folds, validation, engine, cv, baseline },
      holdout: evaluation && {
        ...{ metrics: evaluation.metrics, intervals: evaluation.intervals, look: evaluation.look },
        ...{ rows: evaluation.rows, threshold: evaluation.threshold },
      },
      code: await tracking.code(run.id),
      training: dataset,
    };
    await keep("recorded.json", "application/json", text(JSON.stringify(recorded, null, 1)));
    const about = { run: run.id, model, target, task, algorithm, evaluated: evaluation !== null };
    await keep("reproduce.ipynb", "application/x-ipynb+json", text(notebookOf(about)));
    await keep("requirements.txt", "text/plain", text(`${requirements.join("\n")}\n`));
    const kept =
      may.left.length > 0 ? `; not to be shown and left out: ${may.left.map(({ name }) => name).join(", ")}` : "";
    const none = evaluation ? "" : "; nobody evaluated it, so there are no hold-out predictions";
    return {
      run: run.id,
      training: dataset,
      files,
      left: may.left,
      verdict: `${run.id} as ${files.length} files, to be fetched within 15 minutes${kept}${none}`,
    };
  },
});

const parquetMedia = "application/vnd.apache.parquet";
const text = (content: string): Uint8Array => Buffer.from(content);
