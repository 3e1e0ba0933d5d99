import { setImmediate } from "node:timers/promises";
import type { Context } from "@muster/bus/context.ts";
import { tool } from "@muster/bus/tool.ts";
import { datasetNode } from "@muster/shared/domain/lineage.ts";
import { Explanation } from "@muster/shared/domain/model.ts";
import { z } from "zod";
import { explainSample } from "../explain-sample.ts";
import type { MlDeps } from "../index.ts";
import { loadFitted } from "../scoring/load-fitted.ts";
import { rawColumnsOf } from "../scoring/raw-columns.ts";
import { sampleMatrix } from "../scoring/read-matrix.ts";

/** Rows of the training file that importance is measured on at most, evenly spread. */
const mostRows = 2000;

export const explainModel = tool({
  name: "explain_model",
  does: "Says what the model's output is associated with: shares of contribution by raw column and by feature, which add up to its margin.",
  effect: "read",
  long: true,
  input: z.object({}),
  output: Explanation.extend({ verdict: z.string() }),
  needs: [
    { is: "run.finished", as: "run" },
    { is: "view.registered", as: "view" },
    { is: "features.materialized", role: "training", as: "training" },
  ],
  gives: [{ is: "model.explained" }],
  cost: { ms: 2000 },
  run: async ({ run, view, training }, { lake, getArtifact, lineage }: Context & MlDeps) => {
    lineage({ inputs: [datasetNode(training.dataset)] });
    const fitted = await loadFitted(run.artifacts.fitted, getArtifact);
    const { columns, rows } = await sampleMatrix(lake, training.dataset, fitted.inputs, mostRows);
    const columnsOf = Object.fromEntries(view.view.features.map((feature) => [feature.name, rawColumnsOf(feature)]));
    const found = await explainSample(fitted, columns, rows, columnsOf, setImmediate);
    const strongest = found.importance
      .slice(0, 3)
      .map(({ name, importance }) => `${name} ${(100 * importance).toFixed(0)} %`);
    return {
      ...found,
      verdict:
        strongest.length > 0 ? `most associated with the output: ${strongest.join(", ")}` : "the model reads no column",
    };
  },
});
