import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { datasetNode, deploymentNode } from "@muster/shared/domain/lineage.ts";
import { fault } from "@muster/shared/fault.ts";
import { z } from "zod";
import { scoredColumns } from "../answered-columns.ts";
import { openModel } from "../onnx/run.ts";
import { loadFitted } from "../scoring/load-fitted.ts";
import { writeScores } from "../scoring/write-scores.ts";
import type { ServingDeps } from "../serving/deps.ts";
import { readPackage } from "../serving/read-package.ts";

const methodWords = {
  tree_shap: "reasons by TreeSHAP",
  decision_path: "reasons by decision path: the trees are too deep for TreeSHAP on so many rows",
  linear: "reasons from the linear terms",
  none: "without reasons: the model uses no column",
};

export const predict = tool({
  name: "predict",
  does: "Scores every row of the scoring features with the live model; writes predictions with the top reasons as a dataset.",
  effect: "write",
  long: true,
  input: z.object({}),
  output: z.object({
    dataset: z.string(),
    pin: z.string(),
    rows: z.number().int(),
    reasons: z.enum(["tree_shap", "decision_path", "linear", "none"]),
    verdict: z.string(),
  }),
  needs: [
    { is: "deployment.live", as: "live" },
    { is: "run.finished", as: "run" },
    { is: "view.registered", as: "view" },
    { is: "features.materialized", role: "scoring", as: "scoring" },
  ],
  gives: [{ is: "predictions.written", value: ({ dataset, pin, rows }) => ({ dataset, pin, rows }) }],
  cost: { ms: 3000 },
  run: async ({ live, run, view, scoring }, context: Context & ServingDeps) => {
    const { deployments, lake, signal, progress } = context;
    const deployment = await deployments.liveOf(live.name);
    if (deployment?.hash !== live.hash)
      throw fault("conflict", `${live.name} was deployed anew in the meantime; ask again`);
    const served = await readPackage(deployment, context.getArtifact);
    if (served.hash !== run.model || served.view.hash !== view.view.hash)
      throw fault("precondition_failed", `the run shown isn't that of the live ${live.name}; ask again`);
    const deployed = deploymentNode(live.name, live.hash);
    context.lineage({ inputs: [deployed, datasetNode(scoring.dataset)] });
    const fitted = await loadFitted(served.fitted, context.getArtifact);
    const model = await openModel(await context.getArtifact(served.hash), { expectedSha256: live.hash });
    try {
      const now = context.now();
      const { manifest, reasons } = await writeScores({
        ...{ lake, served, fitted, model, now, signal, progress },
        scoring: scoring.dataset,
      });
      const { name: dataset, version, rows } = manifest;
      const pin = `${dataset}@${version}`;
      const columns = scoredColumns(served, deployed, scoring.dataset);
      context.lineage({ outputs: [{ ...datasetNode(pin), columns }] });
      context.emit("predictions_written", { deployment: live.name, dataset, pin, rows });
      return { dataset, pin, rows, reasons, verdict: `${rows} rows scored into ${dataset}, ${methodWords[reasons]}` };
    } finally {
      await model.close();
    }
  },
});
