import { newId } from "@muster/bus/evidence.ts";
import type { Process } from "@muster/bus/process.ts";
import type { FittedModel } from "@muster/ml/fitted.ts";
import { compile } from "@muster/ml/onnx/compile.ts";
import { selectCandidates } from "@muster/ml/training/select-candidates.ts";
import { trainInChild } from "@muster/ml/training/spawn.ts";
import { canonical, hashOf, sha256 } from "@muster/shared/canonical.ts";
import { parseDatasetRef } from "@muster/shared/domain/dataset.ts";
import type { Feature } from "@muster/shared/domain/feature.ts";
import type { PredictionInterval } from "@muster/shared/domain/model.ts";
import type { Problem } from "@muster/shared/domain/problem.ts";
import type { FactName } from "@muster/shared/fact/table.ts";
import { positiveOf } from "@muster/shared/features/label-rule.ts";
import { compileMatrix, type MatrixRole } from "@muster/shared/features/matrix.ts";
import type { Relation } from "@muster/shared/features/schema.ts";
import { duckdb } from "@muster/shared/warehouse/dialects/duckdb.ts";
import type { Lake } from "@muster/shared/warehouse/lake.ts";
import { writeQuery } from "@muster/shared/warehouse/write-query.ts";

/** The processes whose receipts a deployment stands on, and the door. */
export type Givers = Record<"gateway" | "ml" | "pipeline" | "governance", Process>;

/** Materialized and trained: what the steps before a deployment leave behind. */
export type Trained = {
  problem: Problem;
  scope: string[];
  view: { hash: string; name: string; problem: string; dataset: string; entity: string | null; features: Feature[] };
  columns: { name: string; type: "number" | "category" }[];
  rawColumns: { name: string; type: string }[];
  pins: { training: string; scoring: string };
  fitted: FittedModel;
  /** Around a predicted number. */
  interval?: PredictionInterval | null;
};

/** Materializes training and scoring features of a view and trains one kind of candidate on them, in a process of its own. */
export async function trainOnLake(
  lake: Lake,
  problem: Problem,
  scope: string[],
  features: Feature[],
  options: { candidate: string; scoringRole?: MatrixRole; seed?: number },
): Promise<Trained> {
  const relations: Record<string, Relation> = {};
  for (const pin of scope) {
    const { name } = parseDatasetRef(pin);
    relations[name] = { relation: name, columns: (await lake.manifest(pin)).columns };
  }
  const body = {
    name: problem.name,
    problem: problem.hash,
    dataset: problem.dataset,
    entity: problem.entity,
    features,
  };
  const view = { hash: hashOf(body), ...body };
  const source = { dataset: relations[problem.dataset]!, tables: relations };
  const materialize = async (role: MatrixRole, suffix: string) => {
    const { sql } = compileMatrix(duckdb, problem, view, source, role);
    const name = `${problem.name}_${suffix}`;
    const written = { name, kind: "features" as const, sql: `SELECT * FROM (${sql}) ORDER BY __row`, inputs: scope };
    const { version } = await writeQuery(lake, { ...written, origin: "a test", now: new Date("2026-07-01T00:00:00Z") });
    return `${name}@${version}`;
  };
  const { columns, rawColumns } = compileMatrix(duckdb, problem, view, source, "training");
  const pins = {
    training: await materialize("training", "training"),
    scoring: await materialize(options.scoringRole ?? "scoring", "scoring"),
  };
  const { rows } = await lake.manifest(pins.training);
  const numbers = columns.filter(({ type }) => type === "number").length;
  const shape = { task: problem.task, rows, numbers, categories: columns.length - numbers, classes: 2, folds: 2 };
  const candidates = selectCandidates({ ...shape, minority: null }).filter(({ name }) =>
    ["constant", options.candidate].includes(name),
  );
  const { fitted, interval } = await trainInChild({
    ...{ file: lake.file(pins.training), task: problem.task, metric: problem.metric, features: columns, candidates },
    ...{ positive: positiveOf(problem), folds: 2, time: null, costs: null },
    ...{ seed: options.seed ?? 1, threads: 2, cpuSecondsLimit: 60, memoryLimitMb: 1500, xgboostLibrary: null },
  });
  return { problem, scope, view, columns, rawColumns, pins, fitted, interval };
}

/** A model to deploy: its trained parts, name and version, with what a test makes wrong. */
export type Deployable = { trained: Trained; name: string; version: number; asOf: string | null; fitted?: FittedModel };

/** Signs everything that deploy_model wants to see, each by the process that may; gives the receipts' ids by fact. */
export async function signDeployable(
  { gateway, ml, pipeline, governance }: Givers,
  { trained, name, version, asOf, fitted = trained.fitted }: Deployable,
  wrong: { registered?: string } = {},
) {
  const { problem, scope, view, columns, rawColumns, pins } = trained;
  const request = newId("req");
  const person = "ada";
  const purpose = "analytics";
  const onnx = compile(trained.fitted);
  const model = sha256(onnx);
  const fittedText = canonical(fitted);
  await ml.evidence.store.putArtifact(model, "application/octet-stream", onnx);
  await ml.evidence.store.putArtifact(sha256(fittedText), "application/json", Buffer.from(fittedText));
  const about = { problem: problem.hash, scope: [...scope].sort(), view: view.hash };
  const trainedAbout = { ...about, training: pins.training, model, purpose };
  const give = async (by: Process, fact: FactName, keys: Record<string, unknown>, value: unknown) =>
    (await by.evidence.give({ fact, about: keys, value, verdict: "passed", request, person, uses: [] })).id;
  const materialized = (role: "training" | "scoring", rows: number) =>
    give(
      pipeline,
      "features.materialized",
      { ...about, [role]: pins[role] },
      { role, dataset: pins[role], rows, columns, asOf },
    );
  const receipts = {
    accepted: await give(
      gateway,
      "request.accepted",
      { request, person, purpose },
      { request, person, roles: ["analyst"], purpose, budgetUsd: null, autonomy: "act", textHash: "", schedule: null },
    ),
    problem: await give(ml, "problem.defined", { problem: problem.hash }, problem),
    view: await give(
      pipeline,
      "view.registered",
      { ...about, purpose },
      { view, sql: "", sqlHash: "", columns, rawColumns },
    ),
    scoring: await materialized("scoring", 1),
    run: await give(ml, "run.finished", trainedAbout, {
      ...{ run: newId("run"), model, algorithm: "linear", task: problem.task, classes: trained.fitted.classes },
      ...{ threshold: trained.fitted.threshold, cv: {}, baseline: {}, board: [], dropped: [], features: [] },
      ...{ training: pins.training, rows: 1, columns: 1, folds: 2, rounds: 0, seed: 1, threads: 1, engine: "test" },
      ...{
        cpuSeconds: 0,
        seconds: 0,
        peakMemoryMb: 0,
        beatsConstant: true,
        classCounts: [],
        constant: [],
        validation: "test",
        interval: trained.interval ?? null,
      },
      artifacts: { onnx: model, fitted: sha256(fittedText), oof: model, boosters: [] },
    }),
    registered: await give(ml, "model.registered", trainedAbout, { name, version, hash: wrong.registered ?? model }),
    cleared: await give(
      governance,
      "deployment.cleared",
      { problem: problem.hash, model, person, purpose },
      { policies: [], reasons: [] },
    ),
  };
  return { request, model, receipts };
}
