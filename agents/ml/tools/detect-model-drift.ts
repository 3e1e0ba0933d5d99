import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { DatasetRef } from "@muster/shared/domain/dataset.ts";
import { DriftMethod, DriftReport } from "@muster/shared/domain/drift-report.ts";
import { datasetNode, deploymentNode } from "@muster/shared/domain/lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { detectDrift } from "../drift/detect.ts";
import { openModel } from "../onnx/run.ts";
import { judgedHoldout, maturedPredictions } from "../outcomes/performance-windows.ts";
import { openOutcomes } from "../outcomes/record.ts";
import { outcomesDataset } from "../outcomes/rows.ts";
import { type CurrentWindow, currentWindow, namedWindow } from "../scoring/current-window.ts";
import { movingFeatures } from "../scoring/moving-features.ts";
import { predictedColumn } from "../scoring/predicted-column.ts";
import type { FeatureRows } from "../scoring/read-features.ts";
import { sampleMatrix } from "../scoring/read-matrix.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { landWaiting } from "../serving/landing-loop.ts";
import { newestScoring } from "../serving/lookup.ts";
import type { ServingPackage } from "../serving/package.ts";
import { readPackage } from "../serving/read-package.ts";

/** Rows of each window that are compared at most, evenly spread or the newest. */
const mostRows = 20_000;

export const detectModelDrift = tool({
  name: "detect_model_drift",
  does: "Says whether what a deployed model meets now has drifted from the data it was trained on: drifted, not drifted, or can't tell.",
  effect: "read",
  input: z.object({
    deployment: z.string().min(1),
    current: DatasetRef.optional(),
    method: DriftMethod.default("default"),
    minRows: z.number().int().min(1).default(30),
  }),
  output: z.object({ deployment: z.string(), current: z.string(), report: DriftReport, verdict: z.string() }),
  needs: [{ is: "request.accepted" }, { is: "deployment.live", of: "deployment", as: "live" }],
  gives: [
    {
      is: "drift.checked",
      of: "deployment",
      about: ({ current }) => ({ current }),
      value: ({ deployment, report }) => ({ deployment, report }),
    },
  ],
  cost: { ms: 3000 },
  run: async ({ deployment, current, method, minRows, live }, context: Context & ServingDeps) => {
    const { deployments, evidence, lake } = context;
    const row = await deployments.liveOf(deployment);
    if (row?.hash !== live.hash) throw fault("conflict", `${deployment} was deployed anew in the meantime; ask again`);
    const served = await readPackage(row, evidence.artifact);
    await landWaiting(context, context.now());
    const scoring = (await newestScoring(evidence, served))?.dataset ?? served.scoring;
    const source = { lake, served, since: row.at, scoring, leastRows: minRows, mostRows };
    const window = await (current === undefined ? currentWindow(source) : namedWindow(source, current));
    const read = [served.training, ...window.pins].map(datasetNode);
    context.lineage({ inputs: [...read, deploymentNode(deployment, row.hash)] });
    const reference = await sampleMatrix(lake, served.training, served.features, mostRows);
    const model = await openModel(await evidence.artifact(row.hash), { expectedSha256: row.hash });
    try {
      const predicted = (rows: FeatureRows) => predictedColumn(model, rows, served.output.classes);
      const found = detectDrift({
        reference: reference.columns,
        current: window.rows.columns,
        importance: await importanceOf(context, row.hash),
        times: timesOf(reference, window.rows),
        seed: context.seed,
        method,
        moving: movingFeatures(served.view.features, served.problem),
        windows: { reference: served.training, current: window.name },
        prediction: { reference: await predicted(reference), current: await predicted(window.rows) },
        performance: await performanceOf(context, served, row.at),
      });
      const report = withLoad(found, window, minRows);
      return { deployment, current: window.key, report, verdict: `${report.verdict}: ${report.reason}` };
    } finally {
      await model.close();
    }
  },
});

/** The model's share of each feature; null where it was never explained: then every column counts in full. */
async function importanceOf({ evidence }: ServingDeps, model: string): Promise<Record<string, number> | null> {
  const receipt = await evidence.newest("model.explained", { model });
  if (!receipt) return null;
  const { byFeature } = await evidence.value<"model.explained">(receipt);
  return Object.fromEntries(byFeature.map(({ name, importance }) => [name, importance]));
}

/** The hold-out as it was judged and what has matured since the version went live; null where no outcome was recorded. */
async function performanceOf(context: Context & ServingDeps, served: ServingPackage, since: string) {
  const { evidence, lake, lineage } = context;
  const reference = await judgedHoldout(evidence, served);
  const engine = reference && (await openOutcomes(lake, served.name));
  if (!reference || !engine) return null;
  try {
    lineage({ inputs: [datasetNode(outcomesDataset(served.name))] });
    return { reference, current: await maturedPredictions(engine, served, since, context.now()) };
  } finally {
    engine.close();
  }
}

/** The times of both windows where every row has one and the reference holds several; null otherwise. */
function timesOf(reference: FeatureRows, current: FeatureRows) {
  const milliseconds = ({ cutoff }: FeatureRows) =>
    Float64Array.from(cutoff, (at) => (at === null ? Number.NaN : Date.parse(at)));
  const times = { reference: milliseconds(reference), current: milliseconds(current) };
  const known = !times.reference.some(Number.isNaN) && !times.current.some(Number.isNaN);
  return known && new Set(times.reference).size > 1 ? times : null;
}

/**
 * The report with what looks broken in the load named in its reason. A broken load is never called free of drift: what is
 * compared isn't what the model will meet. Fewer rows than were asked for can't tell.
 */
function withLoad(report: DriftReport, { broken, rows }: CurrentWindow, minRows: number): DriftReport {
  if (rows.rows < minRows && report.verdict !== "abstained")
    return { ...report, verdict: "abstained", reason: `${rows.rows} rows; at least ${minRows} are asked for` };
  if (broken.length === 0) return report;
  const load = `the newest load looks broken: ${broken.join("; ")}`;
  return report.verdict === "not_drifted"
    ? { ...report, verdict: "abstained", reason: `${load}; until it is loaded again the rest can't be judged` }
    : { ...report, reason: `${report.reason}; ${load}` };
}
