import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sweepExports } from "@muster/ml/export/folder.ts";
import { answersOf, scoredOf } from "@muster/ml/holdout.ts";
import { openModel } from "@muster/ml/onnx/run.ts";
import { readFeatures } from "@muster/ml/scoring/read-features.ts";
import { weightedMetrics } from "@muster/ml/weighted-metrics.ts";
import type { ExportedRun } from "@muster/shared/domain/exported-run.ts";
import type { RunResult } from "@muster/shared/domain/model.ts";
import type { FactValue } from "@muster/shared/fact/table.ts";
import { openEngine } from "@muster/shared/warehouse/duckdb.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sign } from "../support/signing.ts";
import { copyOf, type MlBench, output, type Shown, startMl, visitors } from "./trainable.ts";

let at: MlBench;
let shown: Shown;
let run: RunResult;
let folder: string;
beforeAll(async () => {
  at = await startMl();
  folder = mkdtempSync(join(tmpdir(), "muster-exported-"));
  const pin = await at.load("leavers", visitors(21));
  shown = await at.prepared(pin, { target: "gone" });
  run = output<RunResult>(await at.step("train_model", shown));
  await at.step("evaluate_model", shown);
}, 120_000);
afterAll(async () => {
  await at?.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Access = FactValue<"access.cleared">["columns"][string]["show"];

/** Receipts of a new request in which governance lets the matrix be seen, but for some columns. */
async function allowed(but: Record<string, Access> = {}): Promise<Shown> {
  const fresh = await at.request();
  const { columns } = await at.lake.manifest(run.training);
  fresh.access = await sign(
    at.by.governance!,
    "access.cleared",
    { dataset: run.training, person: "ada", purpose: "analytics" },
    {
      columns: Object.fromEntries(
        columns.map(({ name }) => {
          const show = but[name] ?? (name === "__entity" ? "masked" : "plain");
          return [name, { show, rows: null, reason: "a test" }];
        }),
      ),
      ...{ policies: [], obligations: [] },
    },
    { request: fresh.$request!, person: "ada" },
  );
  return fresh;
}
const asked = () => ({ run: run.run, dataset: run.training });

type Files = ExportedRun & { left: { name: string }[] };
async function fetched(receipts: Shown, files: ExportedRun["files"]): Promise<void> {
  for (const { path, kept, sha256, bytes } of files) {
    const place = join(at.bench.home, "exports", receipts.$request!, path);
    const content = kept === "file" ? readFileSync(place) : await at.by.ml!.evidence.artifact(sha256);
    expect(content.length).toBe(bytes);
    writeFileSync(join(folder, path), content);
  }
}

/** The rows of an exported Parquet file. */
async function rowsOf(path: string, sql = "SELECT * FROM t ORDER BY row") {
  const engine = await openEngine({ files: [join(folder, path)], memoryMb: 512, threads: 1 });
  try {
    await engine.view("t", join(folder, path));
    return await engine.query<Record<string, number>>(sql);
  } finally {
    engine.close();
  }
}

test("the exported files alone give the recorded figures again", async () => {
  const receipts = await allowed();
  const exported = output<Files>(await at.step("export_run", receipts, asked()));
  expect(exported.files.map(({ path }) => path).sort()).toEqual([
    ...[
      "holdout_predictions.parquet",
      "model.onnx",
      "out_of_fold.parquet",
      "recorded.json",
      "reference_scores.parquet",
    ],
    ...["reproduce.ipynb", "requirements.txt", "signature.json", "training.parquet"],
  ]);
  await fetched(receipts, exported.files);
  const read = <T>(path: string) => JSON.parse(readFileSync(join(folder, path), "utf8")) as T;
  const recorded = read<{ cv: Record<string, { mean: number }>; holdout: { metrics: Record<string, number> } }>(
    "recorded.json",
  );
  const signature = read<{
    threshold: number;
    classes: string[];
    inputs: { name: string; feature: string; type: "number" | "category" }[];
  }>("signature.json");

  const measured = (rows: Record<string, number>[], threshold: number | null) => {
    const of = (name: string) => Float64Array.from(rows, (row) => row[name]!);
    const answers = signature.classes.map((_, k) => of(`probability_${k}`));
    return weightedMetrics(scoredOf("binary", of("label"), answers), threshold)(new Int32Array(rows.length).fill(1));
  };
  const sealed = measured(await rowsOf("holdout_predictions.parquet"), signature.threshold);
  for (const [name, value] of Object.entries(recorded.holdout.metrics)) expect(sealed[name]).toBeCloseTo(value, 9);
  expect(Object.keys(recorded.holdout.metrics)).toHaveLength(6);

  const folds = Map.groupBy(await rowsOf("out_of_fold.parquet"), ({ fold }) => fold);
  expect(folds.size).toBe(run.folds);
  const aucs = [...folds.values()].map((rows) => measured(rows, null).roc_auc!);
  expect(aucs.reduce((sum, auc) => sum + auc, 0) / aucs.length).toBeCloseTo(recorded.cv.roc_auc!.mean, 9);

  const engine = await openEngine({ files: [join(folder, "training.parquet")], memoryMb: 512, threads: 1 });
  await engine.view("t", join(folder, "training.parquet"));
  const inputs = signature.inputs.map(({ feature, type }) => ({ name: feature, type }));
  const from = "(SELECT *, NULL AS __entity, NULL AS __cutoff FROM t)";
  const { columns, rows } = await readFeatures(engine, inputs, { relation: from, order: "row" });
  engine.close();
  expect(rows).toBe(run.rows);
  const open = await openModel(readFileSync(join(folder, "model.onnx")), { expectedSha256: run.model });
  const [, scores] = await answersOf(open, columns, rows);
  await open.close();
  const reference = await rowsOf("reference_scores.parquet");
  expect(reference.length).toBeGreaterThan(500);
  for (const [i, row] of reference.entries()) expect(scores![i]).toBeCloseTo(row.probability_1!, 9);
});

test("no key of an entity is in the matrix, nor the features of sealed rows in any file", async () => {
  const [first] = await rowsOf("training.parquet");
  expect(Object.keys(first!)).toEqual(expect.arrayContaining(["row", "group", "cutoff", "label", "tenure"]));
  expect(JSON.stringify(await rowsOf("training.parquet"))).not.toMatch(/"v\d+"|visitor_id/);
  expect(await rowsOf("training.parquet", "SELECT count(*)::INTEGER AS n FROM t")).toEqual([{ n: run.rows }]);
  const sealed = Object.keys((await rowsOf("holdout_predictions.parquet"))[0]!).filter((name) => name !== "group");
  expect(sealed.sort()).toEqual(["label", "probability_0", "probability_1", "row"]);
});

test("the notebook is one by nbformat 4.5: cells with an id of their own, code without outputs", () => {
  const notebook = JSON.parse(readFileSync(join(folder, "reproduce.ipynb"), "utf8")) as {
    nbformat: number;
    nbformat_minor: number;
    cells: { id: string; cell_type: string; source: string[]; outputs?: unknown[] }[];
  };
  expect([notebook.nbformat, notebook.nbformat_minor]).toEqual([4, 5]);
  expect(new Set(notebook.cells.map(({ id }) => id)).size).toBe(notebook.cells.length);
  for (const cell of notebook.cells) {
    expect(cell.id).toMatch(/^[a-zA-Z0-9-_]{1,64}$/);
    expect(cell.source.slice(0, -1).every((line) => line.endsWith("\n"))).toBe(true);
    expect(cell.outputs).toEqual(cell.cell_type === "code" ? [] : undefined);
  }
  const code = notebook.cells.flatMap(({ source }) => source).join("");
  for (const file of ["holdout_predictions.parquet", "out_of_fold.parquet", "training.parquet", "model.onnx"])
    expect(code).toContain(`"${file}"`);
});

test("what the person may not see is left out where the model doesn't read it, and refused where it does", async () => {
  const outside = copyOf(await allowed({ tenure: "grouped" }));
  await expect(at.step("export_run", outside, asked())).rejects.toMatchObject({
    code: "denied",
    data: { columns: ["tenure"] },
  });
  await expect(at.step("export_run", await allowed({ __label: "none" }), asked())).rejects.toMatchObject({
    code: "denied",
    data: { columns: ["__label"] },
  });
});

test("refuses without a clearance, with one of another person or matrix, an unknown run, another matrix of its own", async () => {
  const missing = { code: "precondition_failed", data: { missing: ["access.cleared"] } };
  await expect(at.step("export_run", await at.request(), asked())).rejects.toMatchObject(missing);
  const eves = copyOf(await allowed(), { accepted: (await at.request({ person: "eve" })).accepted! });
  await expect(at.step("export_run", eves, asked())).rejects.toMatchObject({ code: "precondition_failed" });
  const holdout = (await at.value<"features.materialized">(shown.holdout!)).dataset;
  await expect(at.step("export_run", await allowed(), { ...asked(), dataset: holdout })).rejects.toMatchObject(missing);
  await expect(at.step("export_run", await allowed(), { ...asked(), run: "run_nobody" })).rejects.toMatchObject({
    code: "not_found",
  });
  const none = { ...asked(), run: "models:/gone@champion" };
  await expect(at.step("export_run", await allowed(), none)).rejects.toMatchObject({ code: "not_found" });
});

test("an exported matrix is gone once it may not be fetched any more", async () => {
  const home = at.bench.home;
  expect(await sweepExports(home, new Date())).toBe(0);
  const made = join(home, "exports");
  const before = readdirSync(made);
  expect(before.length).toBeGreaterThan(0);
  const old = new Date(Date.now() - 16 * 60_000);
  await utimes(join(made, before[0]!), old, old);
  expect(await sweepExports(home, new Date())).toBe(1);
  expect(readdirSync(made)).not.toContain(before[0]);
});
